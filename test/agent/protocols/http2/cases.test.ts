import test from 'ava'
import { everyCut, timed } from '../calls.ts'
import { logLine } from '../log-line.ts'
import { readCases } from './cases.ts'
import { replay } from './replay.ts'

for (const { name, calls, log, sides, isComplete, isCuttable } of readCases()) {
  for (const side of sides) {
    const options = { side, isComplete }
    test(`${name}${sides.length === 1 ? '' : ` (${side} side)`}`, (t) => {
      const whole = replay(timed(calls), options)
      const lines = whole.map((event) => logLine(event, 'HTTP/2'))
      t.deepEqual(lines, log)
      t.deepEqual(replay(timed(calls), options, true), whole, 'as the kernel frames it')
      if (!isCuttable) return
      for (const [description, cut] of everyCut(timed(calls))) {
        t.deepEqual(replay(cut, options), whole, `cut ${description}`)
        t.deepEqual(replay(cut, options, true), whole, `framed and cut ${description}`)
      }
    })
  }
}
