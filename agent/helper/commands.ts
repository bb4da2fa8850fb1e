/** Commands to frames, none near the longest that the helper takes. */
import { Encoder } from 'cbor-x'
import {
  type Cgroups,
  MESSAGE_FIELDS,
  MessageKind,
  type Configure,
  type Mute,
  type Targets,
  type ToHelper,
} from './gen/wire.ts'

/** CONFIGURE without what the process fills in itself. */
export type CaptureSettings = Omit<Configure, 'kind' | 'protocolVersion'>

/** A difference of the target set; each pid, and each cgroup, in one list at most. */
export interface TargetLists extends Omit<Targets, 'kind'> {
  /** By id. */
  cgroups?: Omit<Cgroups, 'kind'>
}

/** `sock` and connection id of an OPEN record. */
export type MutedConnection = readonly [sock: bigint, connection: bigint]

/** A pid takes up to 5 bytes, a pair up to 19: 80 KiB each. */
const PIDS_PER_COMMAND = 16_384
const PAIRS_PER_COMMAND = 4_096

/** Records are an extension that only cbor-x reads; without them it writes plain CBOR. */
const cbor = new Encoder({ useRecords: false, variableMapSize: true })

/** A command as a frame, its length in front. The buffer is the caller's. */
export function encodeCommand(command: ToHelper): Buffer {
  const fields: Record<string, unknown> = { ...command }
  const values = MESSAGE_FIELDS[command.kind].map(([name, type]) =>
    type === 'uint_array' ? (fields[name] as readonly number[]).map(integer) : fields[name],
  )
  const body = cbor.encode([command.kind, ...values])
  const frame = Buffer.allocUnsafe(4 + body.length)
  frame.writeUInt32BE(body.length)
  frame.set(body, 4)
  return frame
}

/** The commands that apply a difference: one, unless it is very long; none when there is nothing to tell. */
export function targetCommands({ watch, ignore, forget }: TargetLists): Targets[] {
  const command = { kind: MessageKind.TARGETS, watch: [], ignore: [], forget: [] }
  const total = watch.length + ignore.length + forget.length
  if (total === 0) return []
  if (total <= PIDS_PER_COMMAND) return [{ ...command, watch, ignore, forget }]
  return [
    ...slices(watch, PIDS_PER_COMMAND).map((pids) => ({ ...command, watch: pids })),
    ...slices(ignore, PIDS_PER_COMMAND).map((pids) => ({ ...command, ignore: pids })),
    ...slices(forget, PIDS_PER_COMMAND).map((pids) => ({ ...command, forget: pids })),
  ]
}

export function muteCommands(connections: readonly MutedConnection[]): Mute[] {
  return slices(connections, PAIRS_PER_COMMAND).map((pairs) => ({
    kind: MessageKind.MUTE,
    connections: pairs.map(([sock, connection]) => [shortest(sock), shortest(connection)]),
  }))
}

/** An order for cgroups comes before what is told of their processes. */
export function cgroupCommands(cgroups: TargetLists['cgroups']): Cgroups[] {
  if (cgroups === undefined || cgroups.ignore.length + cgroups.forget.length === 0) return []
  return [{ kind: MessageKind.CGROUPS, ...cgroups }]
}

/** cbor-x writes a number of more than 32 bits as a double. */
function integer(value: number): bigint | number {
  return value < 0x1_0000_0000 ? value : BigInt(value)
}

/** cbor-x writes each bigint in eight bytes, and a number in the fewest as long as it has 32 bits. */
function shortest(value: bigint): bigint | number {
  return value < 0x1_0000_0000n ? Number(value) : value
}

function slices<T>(items: readonly T[], length: number): (readonly T[])[] {
  const parts: (readonly T[])[] = []
  for (let at = 0; at < items.length; at += length) parts.push(items.slice(at, at + length))
  return parts
}
