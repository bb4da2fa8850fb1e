/** Batches as the sender sees them: counts, and frames it can cut and prefix without decoding them. */
import { type Batch, FRAME_HEADER_BYTES } from '../logs/encode.ts'

export type { Batch } from '../logs/encode.ts'

/** What a counter of logs counts. Operations are what the kernel logs stand for. */
export interface LogCounts {
  httpLogs: number
  kernelLogs: number
  operations: number
}

export const noLogs = (): LogCounts => ({ httpLogs: 0, kernelLogs: 0, operations: 0 })

/** @param sign -1 to take them away */
export function addLogs(sum: LogCounts, logs: LogCounts, sign: 1 | -1 = 1): void {
  sum.httpLogs += sign * logs.httpLogs
  sum.kernelLogs += sign * logs.kernelLogs
  sum.operations += sign * logs.operations
}

/** A batch on its way, named by its place in the order of arrival. */
export interface Parcel {
  readonly batch: Batch
  /** Rises by one from batch to batch; a batch keeps it when it comes back. */
  readonly sequence: number
  /** Streams it was written to so far. */
  attempts: number
}

/** The messages of a batch, without their headers; views, not copies. */
export function* messagesOf(frames: Uint8Array): Generator<Buffer> {
  const bytes = bufferOf(frames)
  for (let at = 0; at < bytes.length;) {
    const start = at + FRAME_HEADER_BYTES
    at = start + bytes.readUInt32BE(at + 1)
    yield bytes.subarray(start, at)
  }
}

/**
 * The frames with `node` in their first message: fields of a protobuf message may come in any order, so putting its
 * bytes in front is merging it. @param node EBPFAccessLogMessage.node, encoded; may be empty
 * @param into where to put them, with room for both; the result is the part of it that was filled
 */
export function withNode(frames: Uint8Array, node: Uint8Array, into: Buffer): Buffer {
  const bytes = bufferOf(frames)
  const merged = into.subarray(0, bytes.length + node.length)
  merged[0] = 0
  merged.writeUInt32BE(bytes.readUInt32BE(1) + node.length, 1)
  merged.set(node, FRAME_HEADER_BYTES)
  merged.set(bytes.subarray(FRAME_HEADER_BYTES), FRAME_HEADER_BYTES + node.length)
  return merged
}

/** The same memory as a Buffer. */
export function bufferOf(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
