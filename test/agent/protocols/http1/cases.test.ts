import test from 'ava'
import { readCases } from './cases.ts'
import { describe, everyCut, replay, timed } from './replay.ts'

for (const { name, calls, log, sides, headBytesMax, cuttable } of readCases()) {
  for (const side of sides) {
    const options = { side, headBytesMax }
    test(`${name}${sides.length === 1 ? '' : ` (${side} side)`}`, (t) => {
      const whole = replay(timed(calls), options)
      t.deepEqual(whole.map(describe), log)
      if (!cuttable) return
      for (const [description, cut] of everyCut(timed(calls))) {
        t.deepEqual(replay(cut, options), whole, `cut ${description}`)
      }
    })
  }
}
