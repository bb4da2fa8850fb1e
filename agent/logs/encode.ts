/** Logs as messages of agent/proto/accesslog.proto, framed for gRPC, written straight into one buffer. */
import type { Exchange } from '../protocols/analyzer.ts'
import { KERNEL_LOG_MAX_BYTES, exchangeMaxBytes, writeExchange, writeKernelLog } from './messages.ts'
import type { ConnectionView, Endpoint, KernelLog, LogEntry, Protocol } from './model.ts'
import { ProtobufWriter, textMaxBytes } from './protobuf.ts'

/** Many gRPC-framed messages back to back, the first of which carries a connection. */
export interface Batch {
  /** Frames of 0x00, u32 big-endian length, EBPFAccessLogMessage. The array owns all of its buffer. */
  frames: Uint8Array<ArrayBuffer>
  httpLogs: number
  kernelLogs: number
  /** Operations that the kernel logs stand for, at least as many as they are. */
  operations: number
}

/** gRPC over HTTP/2, "Length-Prefixed-Message": compressed flag, then u32 big-endian length. */
export const FRAME_HEADER_BYTES = 5

/** Kernel logs in one message: keeps a message under 200 KiB, well below what any backend accepts. */
const KERNEL_LOGS_PER_MESSAGE = 4096

const PROTOCOLS: Record<Protocol, number> = { TCP: 0, 'HTTP/1': 1, 'HTTP/2': 2 }

/**
 * Entries of one connection that are encoded and wait for `writeStaged`: for each where its message begins and ends in
 * the store of the FrameWriter, its HTTP logs, its kernel logs, and the operations that these stand for.
 */
export type Staged = number[]
const STAGED_NUMBERS = 5

/**
 * Collects entries until `take`. One per analyzer shard; not more memory than twice `maxBytes` and one batch.
 *
 * An entry is staged as soon as it is complete, so that its objects can go at once; its message is put behind its
 * connection when the connection is flushed, so that this is written once and not for every entry.
 */
export class FrameWriter {
  readonly #capacityBytes: number
  readonly #maxBytes: number
  /** Messages without connection and frame. */
  #store: ProtobufWriter
  #writer: ProtobufWriter
  #connection: Uint8Array | undefined
  #httpLogs = 0
  #kernelLogs = 0
  #operations = 0

  /** @param capacityBytes held between batches @param maxBytes what a batch may grow to */
  constructor(capacityBytes = 256 * 1024, maxBytes = 16 * 1024 * 1024) {
    this.#capacityBytes = capacityBytes
    this.#maxBytes = maxBytes
    this.#store = new ProtobufWriter(capacityBytes)
    this.#writer = new ProtobufWriter(capacityBytes)
  }

  /** Bytes written since the last `take`. */
  get size(): number {
    return this.#writer.length
  }

  /**
   * Appends one entry. @param connection of `encodeConnection`, the same array for as long as the view is the same:
   * it is written when it is another one than in the entry before.
   * @returns false, and nothing is written, when the batch could outgrow `maxBytes`: take it and write again. False on
   * an empty writer means that the entry alone is too large (some 400,000 kernel logs).
   */
  write(connection: Uint8Array, entry: LogEntry): boolean {
    const { kernelLogs, exchange } = entry
    const worst = maxEntryBytes(connection, kernelLogs.length, exchange)
    if (this.#writer.length + worst > this.#maxBytes) return false
    this.#writer.reserve(worst)
    let first = 0
    for (; kernelLogs.length - first > KERNEL_LOGS_PER_MESSAGE; first += KERNEL_LOGS_PER_MESSAGE) {
      this.#frame(connection, kernelLogs, first, first + KERNEL_LOGS_PER_MESSAGE, undefined)
    }
    this.#frame(connection, kernelLogs, first, kernelLogs.length, exchange)
    return true
  }

  /**
   * Encodes an entry and notes it in `staged`, which is the caller's to keep with the connection.
   * @returns false, and nothing is done, when the store has no room, or the entry needs more than one message
   */
  stage({ kernelLogs, exchange }: LogEntry, staged: Staged): boolean {
    const worst = maxEntryBytes(NO_CONNECTION, kernelLogs.length, exchange)
    // A connection's messages, framed, must fit into one batch.
    if (this.#store.length + worst > this.#maxBytes / 2) return false
    if (kernelLogs.length > KERNEL_LOGS_PER_MESSAGE) return false
    this.#store.reserve(worst)
    const start = this.#store.length
    const operations = writeBody(this.#store, kernelLogs, 0, kernelLogs.length, exchange)
    staged.push(start, this.#store.length, exchange === undefined ? 0 : 1, kernelLogs.length, operations)
    return true
  }

  /**
   * Appends what was staged of one connection, and empties `staged`. All that is staged must be written before
   * `forgetStaged`.
   * @returns false, and nothing is written, when the batch could outgrow `maxBytes`: take it and write again
   */
  writeStaged(connection: Uint8Array, staged: Staged): boolean {
    let worst = connection.length
    for (let i = 0; i < staged.length; i += STAGED_NUMBERS)
      worst += FRAME_HEADER_BYTES + staged[i + 1]! - staged[i]!
    if (this.#writer.length > 0 && this.#writer.length + worst > this.#maxBytes) return false
    this.#writer.reserve(worst)
    for (let i = 0; i < staged.length; i += STAGED_NUMBERS) {
      const start = this.#openFrame(connection)
      this.#writer.copy(this.#store, staged[i]!, staged[i + 1]!)
      this.#closeFrame(start)
      this.#count(staged[i + 2]!, staged[i + 3]!, staged[i + 4]!)
    }
    staged.length = 0
    return true
  }

  /** Begins an empty store; what was noted of the one before means nothing any more. */
  forgetStaged(): void {
    if (this.#store.bytes.length > this.#capacityBytes) this.#store = new ProtobufWriter(this.#capacityBytes)
    this.#store.length = 0
  }

  /** Hands over what was written, as an array of exactly its size, and starts anew. Undefined when there is nothing. */
  take(): Batch | undefined {
    const { bytes, length } = this.#writer
    if (length === 0) return undefined
    const batch: Batch = {
      frames: new Uint8Array(bytes.subarray(0, length)),
      httpLogs: this.#httpLogs,
      kernelLogs: this.#kernelLogs,
      operations: this.#operations,
    }
    this.#restart()
    return batch
  }

  #restart(): void {
    if (this.#writer.bytes.length > this.#capacityBytes)
      this.#writer = new ProtobufWriter(this.#capacityBytes)
    this.#writer.length = 0
    this.#connection = undefined
    this.#httpLogs = this.#kernelLogs = this.#operations = 0
  }

  #frame(
    connection: Uint8Array,
    kernelLogs: readonly KernelLog[],
    first: number,
    end: number,
    exchange: Exchange | undefined,
  ): void {
    const start = this.#openFrame(connection)
    const operations = writeBody(this.#writer, kernelLogs, first, end, exchange)
    this.#closeFrame(start)
    this.#count(exchange === undefined ? 0 : 1, end - first, operations)
  }

  /** @returns where the message begins */
  #openFrame(connection: Uint8Array): number {
    const writer = this.#writer
    const start = writer.length + FRAME_HEADER_BYTES
    writer.length = start
    if (connection !== this.#connection) writer.raw(connection)
    this.#connection = connection
    return start
  }

  #closeFrame(start: number): void {
    const { bytes, length } = this.#writer
    bytes[start - FRAME_HEADER_BYTES] = 0
    bytes.writeUInt32BE(length - start, start - 4)
  }

  #count(httpLogs: number, kernelLogs: number, operations: number): void {
    this.#httpLogs += httpLogs
    this.#kernelLogs += kernelLogs
    this.#operations += operations
  }
}

/** The message without its connection. @returns the operations that kernelLogs[first, end) stand for */
function writeBody(
  writer: ProtobufWriter,
  kernelLogs: readonly KernelLog[],
  first: number,
  end: number,
  exchange: Exchange | undefined,
): number {
  let operations = 0
  for (let i = first; i < end; i++) {
    const log = kernelLogs[i]!
    writeKernelLog(writer, log)
    operations += log.count
  }
  if (exchange) writeExchange(writer, exchange)
  return operations
}

const NO_CONNECTION = new Uint8Array(0)

function maxEntryBytes(connection: Uint8Array, kernelLogs: number, exchange: Exchange | undefined): number {
  const messages = 1 + Math.floor(kernelLogs / KERNEL_LOGS_PER_MESSAGE)
  const bytes = messages * FRAME_HEADER_BYTES + connection.length + kernelLogs * KERNEL_LOG_MAX_BYTES
  return exchange ? bytes + exchangeMaxBytes(exchange) : bytes
}

/** Scratch of `encodeConnection`, which is synchronous and copies its result out. */
const scratch = new ProtobufWriter(1024)

/**
 * EBPFAccessLogMessage.connection, field tag and all. Encode once per view and keep the array (see FrameWriter.write).
 *
 * A known workload is given by name, so that the backend need not resolve its address. One exception: the backend
 * drops traffic of a service with itself; there the remote side is given by address, and the traffic is kept.
 */
export function encodeConnection(view: ConnectionView): Uint8Array {
  const { local, remote } = view
  scratch.length = 0
  scratch.reserve(64 + endpointMaxBytes(local) + endpointMaxBytes(remote))
  scratch.byte(0x12)
  const connection = scratch.open(2)
  writeAddress(scratch, 0x0a, local, true)
  writeAddress(scratch, 0x12, remote, remote.workload?.service !== local.workload?.service)
  scratch.varintField(0x18, view.role === 'server' ? 1 : 0)
  scratch.varintField(0x20, view.tls ? 1 : 0)
  scratch.varintField(0x28, PROTOCOLS[view.protocol])
  scratch.close(connection, 2)
  return new Uint8Array(scratch.bytes.subarray(0, scratch.length))
}

function endpointMaxBytes({ address, workload }: Endpoint): number {
  const names = workload ? [workload.service, workload.pod, workload.container, workload.process] : [address]
  return names.reduce((sum, name) => sum + textMaxBytes(name), textMaxBytes(address))
}

function writeAddress(writer: ProtobufWriter, tag: number, endpoint: Endpoint, byName: boolean): void {
  writer.byte(tag)
  const address = writer.open(1)
  if (byName && endpoint.workload) writeKubernetes(writer, endpoint)
  else writeIp(writer, endpoint)
  writer.close(address, 1)
}

function writeKubernetes(writer: ProtobufWriter, { workload, port }: Endpoint): void {
  writer.byte(0x0a)
  const start = writer.open(1)
  writer.textField(0x0a, workload!.service)
  writer.textField(0x12, workload!.pod)
  writer.textField(0x1a, workload!.container)
  writer.textField(0x22, workload!.process)
  writer.varintField(0x28, port)
  writer.close(start, 1)
}

function writeIp(writer: ProtobufWriter, { address, port }: Endpoint): void {
  writer.byte(0x12)
  const start = writer.open(1)
  writer.textField(0x0a, address)
  writer.varintField(0x10, port)
  writer.close(start, 1)
}
