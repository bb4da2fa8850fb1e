import test from 'ava'
import { ProcessEvent } from '../../../agent/connections/gen/event.ts'
import { processEvents } from '../../../agent/connections/process.ts'
import { batch, process } from './records.ts'

const EXEC = process({ event: ProcessEvent.EXEC, tgid: 10, comm: 'nginx', cgroupId: 2 ** 40 })
const FORK = process({ event: ProcessEvent.FORK, tgid: 11, parent: 10, comm: 'nginx', cgroupId: 5 })
const EXIT = process({ event: ProcessEvent.EXIT, tgid: 11, comm: 'nginx', cgroupId: 5 })

test('exec, fork and exit in their order', (t) => {
  t.deepEqual(
    [...processEvents(batch(EXEC, FORK, EXIT))],
    [
      { kind: 'exec', pid: 10, parent: 0, comm: 'nginx', cgroupId: 2 ** 40 },
      { kind: 'fork', pid: 11, parent: 10, comm: 'nginx', cgroupId: 5 },
      { kind: 'exit', pid: 11, parent: 0, comm: 'nginx', cgroupId: 5 },
    ],
  )
})

test('no record, no event', (t) => {
  t.deepEqual([...processEvents(new Uint8Array())], [])
})

test('a record that is cut off is left out, wherever the cut is', (t) => {
  const payload = batch(EXEC, FORK)
  for (let length = EXEC.length; length < payload.length; length++) {
    t.is([...processEvents(payload.subarray(0, length))].length, 1)
  }
})

test('a payload that begins in the middle of its memory is read from its beginning', (t) => {
  const memory = batch(EXIT, EXEC)
  t.deepEqual(
    [...processEvents(memory.subarray(EXIT.length))].map(({ kind }) => kind),
    ['exec'],
  )
})

for (const [sentence, comm, text] of [
  ['of all fifteen bytes', 'fifteen-bytes-x', 'fifteen-bytes-x'],
  ['without the end that the kernel always writes', 'sixteen-bytes-xy', 'sixteen-bytes-xy'],
  ['with a space', 'Web Content', 'Web Content'],
  ['that is not UTF-8', Uint8Array.of(0x61, 0xff, 0x62), 'a�b'],
  ['followed by what was there before', Uint8Array.of(0x61, 0, 0x62, 0x63), 'a'],
  ['that is empty', '', ''],
] as const) {
  test(`a name ${sentence}`, (t) => {
    const [event] = processEvents(process({ event: ProcessEvent.EXEC, tgid: 1, comm }))
    t.is(event?.comm, text)
  })
}
