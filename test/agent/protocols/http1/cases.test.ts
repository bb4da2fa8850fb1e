import test from 'ava'
import { everyCut, timed } from '../calls.ts'
import { logLine } from '../log-line.ts'
import { readCases } from './cases.ts'
import { replay } from './replay.ts'

for (const { name, calls, log, sides, headBytesMax, isCuttable } of readCases()) {
  for (const side of sides) {
    const options = { side, headBytesMax }
    test(`${name}${sides.length === 1 ? '' : ` (${side} side)`}`, (t) => {
      const whole = replay(timed(calls), options)
      const lines = whole.map((event) => logLine(event, 'HTTP/1.1'))
      t.deepEqual(lines, log)
      if (!isCuttable) return
      for (const [description, cut] of everyCut(timed(calls))) {
        t.deepEqual(replay(cut, options), whole, `cut ${description}`)
      }
    })
  }
}
