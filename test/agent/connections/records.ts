/** Records as the kernel writes them, byte for byte: the offsets are those of the generated layout. */
import {
  ConnectionRole,
  OpenOrigin,
  RECORD,
  RECORD_BYTES,
  RECORD_CLOSE,
  RECORD_CLOSE_BYTES,
  RECORD_DATA,
  RECORD_DATA_BYTES,
  RECORD_OPEN,
  RECORD_OPEN_BYTES,
  RECORD_PROCESS,
  RECORD_PROCESS_BYTES,
  RECORD_PROGRESS,
  RECORD_PROGRESS_BYTES,
  RecordKind,
  RecordSyscall,
  TOTALS,
  TOTALS_BYTES,
} from '../../../agent/connections/gen/event.ts'

/** `struct totals`. */
export interface Totals {
  bytes: number
  lastEndNs: number
  foldedStartNs: number
  calls: number
  records: number
  framingBytes: number
  chunkedEnds: number
  walksLost: number
}

export const NOTHING: Totals = {
  bytes: 0,
  lastEndNs: 0,
  foldedStartNs: 0,
  calls: 0,
  records: 0,
  framingBytes: 0,
  chunkedEnds: 0,
  walksLost: 0,
}

export interface Open {
  connection: number
  sock?: bigint
  tgid?: number
  comm?: string
  cgroupId?: number
  role?: number
  origin?: number
  success?: boolean
  startNs?: number
  endNs?: number
  /** IPv4 dotted, or sixteen bytes of IPv6. */
  local?: [address: string | Uint8Array, port: number]
  remote?: [address: string | Uint8Array, port: number]
  netns?: number
}

export function open(fields: Open): Uint8Array {
  const { local = ['10.0.0.1', 80], remote = ['10.0.0.2', 40_000] } = fields
  const record = new RecordBytes(RECORD_OPEN_BYTES, RecordKind.OPEN, fields.connection)
  record.u64(RECORD_OPEN.startNs, fields.startNs ?? 1000)
  record.u64(RECORD_OPEN.endNs, fields.endNs ?? 2000)
  record.big(RECORD_OPEN.sock, fields.sock ?? BigInt(fields.connection) + 0xffff_8880_0000_0000n)
  record.u64(RECORD_OPEN.cgroupId, fields.cgroupId ?? 7)
  record.u32(RECORD_OPEN.tgid, fields.tgid ?? 100)
  record.u8(RECORD_OPEN.role, fields.role ?? ConnectionRole.SERVER)
  record.u8(RECORD_OPEN.family, typeof local[0] === 'string' ? 4 : 6)
  record.u8(RECORD_OPEN.origin, fields.origin ?? OpenOrigin.ACCEPT)
  record.u8(RECORD_OPEN.success, fields.success === false ? 0 : 1)
  record.u16(RECORD_OPEN.localPort, local[1])
  record.u16(RECORD_OPEN.remotePort, remote[1])
  record.raw(RECORD_OPEN.localAddress, addressBytes(local[0]))
  record.raw(RECORD_OPEN.remoteAddress, addressBytes(remote[0]))
  record.raw(RECORD_OPEN.comm, Buffer.from(fields.comm ?? 'server').subarray(0, RECORD_OPEN.commBytes))
  record.u32(RECORD_OPEN.netns, fields.netns ?? 1)
  return record.bytes
}

export interface Data {
  connection: number
  /** 0 ingress, 1 egress. */
  direction: number
  startNs?: number
  endNs?: number
  syscall?: number
  /** Moved by the call; by default what was captured. */
  bytes?: number
  captured?: string | Uint8Array
  skipped?: number
  walkedFraming?: number
  flags?: number
  before?: Partial<Totals>
  peer?: Partial<Totals>
}

export function data(fields: Data): Uint8Array {
  const payload = Buffer.from((fields.captured ?? '') as Uint8Array)
  const record = new RecordBytes(RECORD_DATA_BYTES + payload.length, RecordKind.DATA, fields.connection)
  const fallback = fields.direction === 0 ? RecordSyscall.READ : RecordSyscall.WRITE
  record.u8(RECORD.flags, fields.flags ?? 0)
  record.u8(RECORD.direction, fields.direction)
  record.u8(RECORD.syscall, fields.syscall ?? fallback)
  record.u64(RECORD_DATA.startNs, fields.startNs ?? 3000)
  record.u64(RECORD_DATA.endNs, fields.endNs ?? 4000)
  record.u32(RECORD_DATA.bytes, fields.bytes ?? payload.length)
  record.u32(RECORD_DATA.captured, payload.length)
  record.u32(RECORD_DATA.skipped, fields.skipped ?? 0)
  record.u32(RECORD_DATA.walkedFraming, fields.walkedFraming ?? 0)
  record.totals(RECORD_DATA.before, { ...NOTHING, ...fields.before })
  record.totals(RECORD_DATA.peer, { ...NOTHING, ...fields.peer })
  record.raw(RECORD_DATA_BYTES, payload)
  return record.bytes
}

export interface Close {
  connection: number
  startNs?: number
  endNs?: number
  result?: number
  /** Ingress, egress. */
  totals?: readonly [Partial<Totals>, Partial<Totals>]
}

export function close({ connection, startNs, endNs, result, totals }: Close): Uint8Array {
  const record = new RecordBytes(RECORD_CLOSE_BYTES, RecordKind.CLOSE, connection)
  record.u64(RECORD_CLOSE.startNs, startNs ?? 9000)
  record.u64(RECORD_CLOSE.endNs, endNs ?? 9500)
  record.u32(RECORD_CLOSE.result, (result ?? 0) >>> 0)
  record.bothTotals(RECORD_CLOSE.totals, totals)
  return record.bytes
}

export function progress(connection: number, totals: Close['totals']): Uint8Array {
  const record = new RecordBytes(RECORD_PROGRESS_BYTES, RecordKind.PROGRESS, connection)
  record.bothTotals(RECORD_PROGRESS.totals, totals)
  return record.bytes
}

export interface Process {
  event: number
  tgid: number
  parent?: number
  comm?: string | Uint8Array
  cgroupId?: number
}

export function process({ event, tgid, parent, comm, cgroupId }: Process): Uint8Array {
  const record = new RecordBytes(RECORD_PROCESS_BYTES, RecordKind.PROCESS, 0)
  record.u8(RECORD.flags, event)
  record.u64(RECORD_PROCESS.cgroupId, cgroupId ?? 0)
  record.u32(RECORD_PROCESS.tgid, tgid)
  record.u32(RECORD_PROCESS.parent, parent ?? 0)
  record.raw(
    RECORD_PROCESS.comm,
    Buffer.from((comm ?? '') as Uint8Array).subarray(0, RECORD_PROCESS.commBytes),
  )
  return record.bytes
}

/** Records back to back, as in the payload of a BATCH. */
export function batch(...records: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(Buffer.concat(records))
}

/** One record, padded with zeros to a multiple of 8. */
class RecordBytes {
  readonly bytes: Uint8Array
  readonly #view: DataView

  constructor(size: number, kind: number, connection: number) {
    this.bytes = new Uint8Array((size + 7) & ~7)
    this.#view = new DataView(this.bytes.buffer)
    this.u32(RECORD.size, size)
    this.u8(RECORD.kind, kind)
    this.u64(RECORD.connection, connection)
  }

  u8(at: number, value: number): void {
    this.#view.setUint8(at, value)
  }

  u16(at: number, value: number): void {
    this.#view.setUint16(at, value, true)
  }

  u32(at: number, value: number): void {
    this.#view.setUint32(at, value, true)
  }

  u64(at: number, value: number): void {
    this.big(at, BigInt(value))
  }

  big(at: number, value: bigint): void {
    this.#view.setBigUint64(at, value, true)
  }

  raw(at: number, bytes: Uint8Array): void {
    this.bytes.set(bytes, at)
  }

  /** Counters are given as they would be without end, and wrap here as they do in the kernel. */
  totals(at: number, totals: Totals): void {
    this.u64(at + TOTALS.bytes, totals.bytes)
    this.u64(at + TOTALS.lastEndNs, totals.lastEndNs)
    this.u64(at + TOTALS.foldedStartNs, totals.foldedStartNs)
    this.u32(at + TOTALS.calls, totals.calls)
    this.u32(at + TOTALS.records, totals.records)
    this.u32(at + TOTALS.framingBytes, totals.framingBytes)
    this.u16(at + TOTALS.chunkedEnds, totals.chunkedEnds)
    this.u16(at + TOTALS.walksLost, totals.walksLost)
  }

  bothTotals(at: number, [ingress, egress]: NonNullable<Close['totals']> = [{}, {}]): void {
    this.totals(at, { ...NOTHING, ...ingress })
    this.totals(at + TOTALS_BYTES, { ...NOTHING, ...egress })
  }
}

function addressBytes(address: string | Uint8Array): Uint8Array {
  return typeof address === 'string' ? Uint8Array.from(address.split('.'), Number) : address
}

/** A record of any kind and size that holds nothing but its head. */
export function bare(kind: number, connection: number, size = RECORD_BYTES): Uint8Array {
  const record = new RecordBytes(Math.max(size, RECORD_BYTES), kind, connection)
  record.u32(RECORD.size, size)
  return record.bytes
}
