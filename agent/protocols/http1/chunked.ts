/** The chunked transfer coding (RFC 9112 §7.1), decoded for its size only. */
import type { ChunkWalk } from '../analyzer.ts'
import { CR, HTAB, LF, SEMICOLON, SP } from '../text/octets.ts'

/* size [;extension] CRLF   data CRLF   ...   0 [;extension] CRLF   trailer lines   CRLF
 * SIZE  -> EXTENSION ->    DATA -> DATA_END -> SIZE ...           TRAILER <-> TRAILER_LINE -> DONE */
const SIZE = 0
const EXTENSION = 1
const DATA = 2
const DATA_END = 3
const DATA_END_LF = 4
const TRAILER = 5
const TRAILER_END_LF = 6
const TRAILER_LINE = 7
/** The kernel walks over the chunks: where the next one begins is not known here. */
const WALKED = 8
const DONE = 9
const BROKEN = 10

/** CR LF after the data of a chunk. */
const DATA_END_LENGTH = 2

export class ChunkedDecoder {
  /** Bytes of chunk data so far: the body without its framing. */
  dataBytes = 0
  #state = SIZE
  /** SIZE: the size read so far. DATA: bytes of the chunk still to come. */
  #size = 0
  #hasDigits = false

  begin(): void {
    this.dataBytes = 0
    this.#beginSize()
  }

  get done(): boolean {
    return this.#state === DONE
  }

  /** The framing is not chunked, or a gap has swallowed some of it. Stays so until `begin`. */
  get broken(): boolean {
    return this.#state === BROKEN
  }

  /** The end will be told by a walk, and the CR LF of the chunk at hand is counted before it has passed. */
  get walked(): boolean {
    return this.#state === WALKED
  }

  /** Takes what belongs to the body out of `chunk[at, end)`. @returns index after it: `end`, unless done or broken */
  take(chunk: Uint8Array, at: number, end: number): number {
    while (at < end && this.#state < DONE) {
      if (this.#state === DATA) at += this.#takeData(end - at)
      else {
        this.#state = this.#next(chunk[at]!)
        if (this.#state !== BROKEN) at++
      }
    }
    return at
  }

  /**
   * `lengthBytes` passed unseen. Exact inside the data of a chunk and over the CR LF after it; beyond those, the
   * next size was swallowed, unless the kernel walked over it. @returns bytes that could not be accounted for; more
   * than 0 only when broken
   */
  skip(lengthBytes: number, walk: ChunkWalk | undefined): number {
    if (this.#state === WALKED || (walk !== undefined && !this.#isInside(lengthBytes)))
      return this.#skipWalked(lengthBytes, walk)
    const rest = this.#state === DATA ? lengthBytes - this.#takeData(lengthBytes) : lengthBytes
    if (rest === 0) return 0
    if (this.#state === DATA_END && rest < DATA_END_LENGTH) this.#state = DATA_END_LF
    else if (this.#state === DATA_END && rest === DATA_END_LENGTH) this.#beginSize()
    else if (this.#state === DATA_END_LF && rest === 1) this.#beginSize()
    else {
      this.#state = BROKEN
      return rest
    }
    return 0
  }

  /** Bytes that all belong to the chunk at hand: what the kernel took for chunks in them is none. */
  #isInside(lengthBytes: number): boolean {
    return this.#state === DATA && lengthBytes <= this.#size
  }

  /**
   * A walk counts the CR LF of a chunk together with its size, so the sum is exact when the body ends; that of the
   * chunk at hand, whose size was read here, it does not.
   */
  #skipWalked(lengthBytes: number, walk: ChunkWalk | undefined): number {
    if (walk?.lost) {
      this.#state = BROKEN
      return lengthBytes
    }
    this.dataBytes += lengthBytes - (walk?.framingBytes ?? 0) - this.#owedFraming()
    this.#state = walk?.ended ? DONE : WALKED
    return 0
  }

  /** What is still to come of the CR LF after the chunk at hand. */
  #owedFraming(): number {
    if (this.#state === DATA || this.#state === DATA_END) return DATA_END_LENGTH
    return this.#state === DATA_END_LF ? 1 : 0
  }

  #takeData(availableBytes: number): number {
    const taken = Math.min(availableBytes, this.#size)
    this.#size -= taken
    this.dataBytes += taken
    if (this.#size === 0) this.#state = DATA_END
    return taken
  }

  #next(octet: number): number {
    switch (this.#state) {
      case SIZE:
        return this.#nextInSize(octet)
      case EXTENSION:
        return octet === LF ? this.#endSize() : EXTENSION
      case DATA_END:
        if (octet === CR) return DATA_END_LF
        return octet === LF ? this.#beginSize() : BROKEN
      case DATA_END_LF:
        return octet === LF ? this.#beginSize() : BROKEN
      case TRAILER:
        if (octet === CR) return TRAILER_END_LF
        return octet === LF ? DONE : TRAILER_LINE
      case TRAILER_END_LF:
        return octet === LF ? DONE : BROKEN
      case WALKED: // the kernel shows bytes again before it saw the end
        return BROKEN
      default:
        return octet === LF ? TRAILER : TRAILER_LINE
    }
  }

  #beginSize(): number {
    this.#size = 0
    this.#hasDigits = false
    return (this.#state = SIZE)
  }

  /** Spaces may pad the size: old servers wrote it with a fixed width. */
  #nextInSize(octet: number): number {
    const digit = hexDigit(octet)
    if (digit >= 0) {
      this.#size = this.#size * 16 + digit
      this.#hasDigits = true
      return this.#size <= Number.MAX_SAFE_INTEGER ? SIZE : BROKEN
    }
    if (!this.#hasDigits) return BROKEN
    if (octet === LF) return this.#endSize()
    return octet === CR || octet === SEMICOLON || octet === SP || octet === HTAB ? EXTENSION : BROKEN
  }

  #endSize(): number {
    return this.#size === 0 ? TRAILER : DATA
  }
}

function hexDigit(octet: number): number {
  if (octet >= 0x30 && octet <= 0x39) return octet - 0x30
  const lower = octet | 0x20
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x61 + 10 : -1
}
