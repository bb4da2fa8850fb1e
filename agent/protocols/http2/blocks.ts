/** Header blocks of one direction (RFC 9113 §4.3): put together from HEADERS or PUSH_PROMISE, and CONTINUATION. */
import { viewOf } from '../text/scan.ts'
import {
  CONTINUATION,
  END_HEADERS,
  END_STREAM,
  HAS_PRIORITY,
  HEADERS,
  PADDED,
  PUSH_PROMISE,
} from './frame.ts'

/** Takes the blocks of one direction. */
export interface BlockReceiver {
  /**
   * A whole block `chunk[begin, end)`, valid during the call.
   * @param promisedId the stream that a PUSH_PROMISE announces, else 0
   * @param ends no more than trailers and DATA before this follow: END_STREAM
   */
  block(
    streamId: number,
    promisedId: number,
    ends: boolean,
    chunk: Uint8Array,
    begin: number,
    end: number,
  ): void
  /** A block that was not seen, or not all of it, of at least so many bytes. */
  unseenBlock(streamId: number, promisedId: number, ends: boolean, lengthBytes: number): void
}

/** Blocks that frames or calls cut off are kept up to this; longer ones, also those that never end, are counted only. */
export const BLOCK_BYTES_MAX = 65_536

const PRIORITY_BYTES = 5
const PROMISED_ID_BYTES = 4
const INITIAL_BUFFER_BYTES = 1024
const NOTHING = new Uint8Array(0)

export class HeaderBlocks {
  readonly #receiver: BlockReceiver
  /** Of the block at hand; 0: none is. */
  #streamId = 0
  #promisedId = 0
  #ends = false
  #buffer = NOTHING
  /** Bytes of the block so far; more than are in the buffer when it is not kept. */
  #length = 0
  #isKept = true

  constructor(receiver: BlockReceiver) {
    this.#receiver = receiver
  }

  /** CONTINUATION must follow, and nothing else. */
  get isOpen(): boolean {
    return this.#streamId !== 0
  }

  /** HEADERS, PUSH_PROMISE or CONTINUATION. @returns false when it is malformed */
  frame(
    type: number,
    flags: number,
    streamId: number,
    chunk: Uint8Array,
    begin: number,
    end: number,
  ): boolean {
    if (type === CONTINUATION) return this.#continue(flags, streamId, chunk, begin, end)
    const padding = flags & PADDED && begin < end ? chunk[begin++]! : 0
    let promisedId = 0
    if (type === PUSH_PROMISE) {
      if (end - begin < PROMISED_ID_BYTES) return false
      promisedId = viewOf(chunk).getUint32(begin) & 0x7fff_ffff
      begin += PROMISED_ID_BYTES
    } else if (flags & HAS_PRIORITY) begin += PRIORITY_BYTES
    end -= padding
    if (begin > end || (type === PUSH_PROMISE && promisedId === 0)) return false
    this.#begin(streamId, promisedId, type === HEADERS && (flags & END_STREAM) !== 0)
    this.#take(flags, chunk, begin, end)
    return true
  }

  /** The payload of such a frame was not seen. @returns false when the frame is malformed */
  unseenFrame(type: number, flags: number, streamId: number, lengthBytes: number): boolean {
    if (type !== CONTINUATION) this.#begin(streamId, 0, type === HEADERS && (flags & END_STREAM) !== 0)
    else if (this.#streamId !== streamId) return false
    this.#isKept = false
    this.#length += lengthBytes
    if (flags & END_HEADERS) this.#finish()
    return true
  }

  /** The block at hand will not become whole. */
  lose(): void {
    this.#streamId = 0
    this.#buffer = NOTHING
  }

  #begin(streamId: number, promisedId: number, ends: boolean): void {
    this.#streamId = streamId
    this.#promisedId = promisedId
    this.#ends = ends
    this.#length = 0
    this.#isKept = true
  }

  #continue(flags: number, streamId: number, chunk: Uint8Array, begin: number, end: number): boolean {
    if (this.#streamId !== streamId) return false
    this.#take(flags, chunk, begin, end)
    return true
  }

  /** The common case: the block is one frame, and is read where it lies. */
  #take(flags: number, chunk: Uint8Array, begin: number, end: number): void {
    if (flags & END_HEADERS && this.#length === 0 && this.#isKept) {
      const streamId = this.#streamId
      this.#streamId = 0
      this.#receiver.block(streamId, this.#promisedId, this.#ends, chunk, begin, end)
      return
    }
    this.#append(chunk, begin, end)
    if (flags & END_HEADERS) this.#finish()
  }

  #append(chunk: Uint8Array, begin: number, end: number): void {
    const length = this.#length + end - begin
    if (length > BLOCK_BYTES_MAX) this.#isKept = false
    if (this.#isKept) {
      if (length > this.#buffer.length) this.#buffer = grown(this.#buffer, length)
      this.#buffer.set(chunk.subarray(begin, end), this.#length)
    } else this.#buffer = NOTHING
    this.#length = length
  }

  #finish(): void {
    const streamId = this.#streamId
    const buffer = this.#buffer
    this.lose()
    if (this.#isKept) this.#receiver.block(streamId, this.#promisedId, this.#ends, buffer, 0, this.#length)
    else this.#receiver.unseenBlock(streamId, this.#promisedId, this.#ends, this.#length)
  }
}

function grown(buffer: Uint8Array, length: number): Uint8Array<ArrayBuffer> {
  const larger = new Uint8Array(Math.max(length, buffer.length * 2, INITIAL_BUFFER_BYTES))
  larger.set(buffer)
  return larger
}
