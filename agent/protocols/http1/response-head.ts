/** The head of a response: status line and framing fields (RFC 9112 §4, §5). */
import { FRAMING_LETTERS, FramingFields, readFields } from './fields.ts'
import { ZERO, LF } from './octets.ts'
import { CUT_OFF, INVALID } from './parse.ts'
import { findOctet } from './scan.ts'
import { looksLikeResponse } from './sniff.ts'

/** `HTTP/1.` is 7 octets long, then come the minor version, a space, and the status. */
const MINOR_VERSION = 7
const STATUS = 9

/** Reusable: one serves all connections, since it is read before the next head is parsed. */
export class ResponseHead {
  readonly firstLetters = FRAMING_LETTERS
  /** 100 to 999; 0: not known. */
  status = 0
  /** `HTTP/1.0` or `HTTP/1.1`. */
  version = ''
  readonly framing = new FramingFields()

  /**
   * Parses the head that begins at `begin`.
   * @returns index after it; CUT_OFF when it goes on beyond `end`, with what is known so far; INVALID
   */
  parse(chunk: Uint8Array, begin: number, end: number): number {
    this.status = 0
    this.version = ''
    this.framing.reset()
    const verdict = looksLikeResponse(chunk, begin, end)
    if (verdict !== 'yes') return verdict === 'no' ? INVALID : CUT_OFF
    this.version = chunk[begin + MINOR_VERSION] === ZERO ? 'HTTP/1.0' : 'HTTP/1.1'
    this.status = digitsOf(chunk, begin + STATUS)
    const lf = findOctet(chunk, begin + STATUS, end, LF)
    return lf < 0 ? CUT_OFF : readFields(chunk, lf + 1, end, this)
  }

  field(chunk: Uint8Array, at: number, end: number): void {
    const first = chunk[at]! | 0x20
    if (first === 0x63)
      this.framing.fieldC(chunk, at, end) // c
    else if (first === 0x74) this.framing.fieldT(chunk, at, end) // t
  }
}

function digitsOf(chunk: Uint8Array, at: number): number {
  return (chunk[at]! - ZERO) * 100 + (chunk[at + 1]! - ZERO) * 10 + (chunk[at + 2]! - ZERO)
}
