/** The body of a message, counted, never kept. */
import type { ChunkWalk } from '../analyzer.ts'
import { ChunkedDecoder } from './chunked.ts'
import { CHUNKED, UNTIL_CLOSE, type Framing } from './framing.ts'

export class Body {
  #framing: Framing = 0
  /** Bytes counted, except those the decoder counts. */
  #bytes = 0
  /** Made for the first chunked message of a connection. */
  #decoder: ChunkedDecoder | undefined

  /** @param framing a length above 0, CHUNKED, UNTIL_CLOSE; or UNKNOWN: count whatever comes, never done */
  begin(framing: Framing): void {
    this.#framing = framing
    this.#bytes = 0
    if (framing === CHUNKED) (this.#decoder ??= new ChunkedDecoder()).begin()
  }

  /** Body bytes so far, framing excluded. */
  get bytes(): number {
    return this.#framing === CHUNKED ? Math.max(this.#bytes + this.#decoder!.dataBytes, 0) : this.#bytes
  }

  /** Seen from chunk to chunk only: its size is exact when it is done, and not before. */
  get walked(): boolean {
    return this.#framing === CHUNKED && this.#decoder!.walked
  }

  get untilClose(): boolean {
    return this.#framing === UNTIL_CLOSE
  }

  get done(): boolean {
    return this.#framing === CHUNKED ? this.#decoder!.done : this.#bytes === this.#framing
  }

  /** Chunk framing that is wrong or was lost: the end of this body cannot be seen any more. */
  get broken(): boolean {
    return this.#framing === CHUNKED && this.#decoder!.broken
  }

  /** Takes what belongs to the body out of `chunk[at, end)`. @returns index after it */
  take(chunk: Uint8Array, at: number, end: number): number {
    if (this.#framing === CHUNKED) return this.#decoder!.take(chunk, at, end)
    return at + this.#count(end - at)
  }

  /** `lengthBytes` passed unseen. @returns how many of them do not belong to the body */
  skip(lengthBytes: number, walk: ChunkWalk | undefined): number {
    if (this.#framing === CHUNKED) return this.#decoder!.skip(lengthBytes, walk)
    return lengthBytes - this.#count(lengthBytes)
  }

  /** Counts bytes of a body that is broken or whose framing is unknown, without looking at them. */
  countUnframed(lengthBytes: number): void {
    this.#bytes += lengthBytes
  }

  #count(lengthBytes: number): number {
    const counted = this.#framing > 0 ? Math.min(lengthBytes, this.#framing - this.#bytes) : lengthBytes
    this.#bytes += counted
    return counted
  }
}
