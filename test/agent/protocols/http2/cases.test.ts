import test from 'ava'
import { readCases } from './cases.ts'
import { describe, everyCut, replay, timed } from './replay.ts'

for (const { name, calls, log, sides, isComplete, isCuttable } of readCases()) {
  for (const side of sides) {
    const options = { side, isComplete }
    test(`${name}${sides.length === 1 ? '' : ` (${side} side)`}`, (t) => {
      const whole = replay(timed(calls), options)
      t.deepEqual(whole.map(describe), log)
      t.deepEqual(replay(timed(calls), options, true), whole, 'as the kernel frames it')
      if (!isCuttable) return
      for (const [description, cut] of everyCut(timed(calls))) {
        t.deepEqual(replay(cut, options), whole, `cut ${description}`)
        t.deepEqual(replay(cut, options, true), whole, `framed and cut ${description}`)
      }
    })
  }
}
