import { decode } from 'cbor-x'
import test from 'ava'
import {
  cgroupCommands,
  encodeCommand,
  muteCommands,
  targetCommands,
} from '../../../agent/helper/commands.ts'
import { MessageKind, WIRE_MESSAGE_MAX_BYTES, type ToHelper } from '../../../agent/helper/gen/wire.ts'

const commands: Record<string, [command: ToHelper, hex: string]> = {
  CONFIGURE: [
    {
      kind: MessageKind.CONFIGURE,
      protocolVersion: 1,
      shards: 2,
      perCpuBufferBytes: 409_600,
      captureBytes: 8_192,
      connectionsMax: 65_536,
      watchUnlisted: true,
      ignorePids: [4_194_304],
    },
    '88 1820 01 02 1a00064000 192000 1a00010000 f5 81 1a00400000',
  ],
  TARGETS: [
    { kind: MessageKind.TARGETS, watch: [1, 24, 256], ignore: [], forget: [70_000] },
    '84 1821 83 01 1818 190100 80 81 1a00011170',
  ],
  'CGROUPS, whose ids have 64 bits,': [
    { kind: MessageKind.CGROUPS, ignore: [1, 4_294_967_295, 4_294_967_296], forget: [2 ** 53 - 1] },
    '83 1828 83 01 1affffffff 1b0000000100000000 81 1b001fffffffffffff',
  ],
  STATS: [{ kind: MessageKind.STATS }, '81 1823'],
  SHUTDOWN: [{ kind: MessageKind.SHUTDOWN }, '81 1824'],
}

for (const [sentence, [command, hex]] of Object.entries(commands)) {
  test(`${sentence} is plain CBOR behind its length`, (t) => {
    const frame = encodeCommand(command)
    t.is(frame.readUInt32BE(), frame.length - 4)
    t.is(frame.subarray(4).toString('hex'), hex.replaceAll(' ', ''))
  })
}

test('nothing to tell makes no command', (t) => {
  t.deepEqual(targetCommands({ watch: [], ignore: [], forget: [] }), [])
  t.deepEqual(muteCommands([]), [])
})

test('what is told of cgroups is one command, or none', (t) => {
  t.deepEqual(cgroupCommands(undefined), [])
  t.deepEqual(cgroupCommands({ ignore: [], forget: [] }), [])
  t.deepEqual(cgroupCommands({ ignore: [1], forget: [2] }), [
    { kind: MessageKind.CGROUPS, ignore: [1], forget: [2] },
  ])
})

test('a long difference is cut into commands that fit, and none of it is lost', (t) => {
  const pids = Array.from({ length: 100_000 }, (_, index) => 4_000_000 + index)
  const parts = targetCommands({ watch: pids, ignore: [1], forget: pids })
  t.true(parts.every((command) => encodeCommand(command).length < WIRE_MESSAGE_MAX_BYTES))
  t.deepEqual(
    parts.flatMap(({ watch }) => watch),
    pids,
  )
  t.deepEqual(
    parts.flatMap(({ ignore }) => ignore),
    [1],
  )
  t.deepEqual(
    parts.flatMap(({ forget }) => forget),
    pids,
  )
})

test('many connections are muted by commands that fit', (t) => {
  const connections = Array.from(
    { length: 10_000 },
    (_, index) => [2n ** 63n, BigInt(index) * 2n ** 24n] as const,
  )
  const parts = muteCommands(connections).map(encodeCommand)
  t.true(parts.every((frame) => frame.length < WIRE_MESSAGE_MAX_BYTES))
  const muted = parts.flatMap((frame) => (decode(frame.subarray(4)) as [number, unknown[]])[1])
  t.is(muted.join(), connections.join())
})
