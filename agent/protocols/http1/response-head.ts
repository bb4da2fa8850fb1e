/** The head of a response: status line and framing fields (RFC 9112 §4, §5). */
import { FRAMING_LETTERS, FramingFields, letters, readFields } from './fields.ts'
import { LF, octetsOf, skipSpace, startsWithName, ZERO } from '../text/octets.ts'
import { CUT_OFF, INVALID } from './parse.ts'
import { findOctet } from '../text/scan.ts'
import { looksLikeResponse } from './sniff.ts'

/** `HTTP/1.` is 7 octets long, then come the minor version, a space, and the status. */
const MINOR_VERSION = 7
const STATUS = 9

const LETTERS = FRAMING_LETTERS | letters('u')
const UPGRADE = octetsOf('upgrade:')
const H2C = octetsOf('h2c')

/** Reusable: one serves all connections, since it is read before the next head is parsed. */
export class ResponseHead {
  readonly firstLetters = LETTERS
  /** 100 to 999; 0: not known. */
  status = 0
  /** `HTTP/1.0` or `HTTP/1.1`. */
  version = ''
  readonly framing = new FramingFields()
  /** Upgrade: h2c: with status 101, HTTP/2 follows (RFC 7540 §3.2). */
  upgradesToHttp2 = false

  /**
   * Parses the head that begins at `begin`.
   * @returns index after it; CUT_OFF when it goes on beyond `end`, with what is known so far; INVALID
   */
  parse(chunk: Uint8Array, begin: number, end: number): number {
    this.status = 0
    this.version = ''
    this.framing.reset()
    this.upgradesToHttp2 = false
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
    else if (first === 0x74)
      this.framing.fieldT(chunk, at, end) // t
    else if (startsWithName(chunk, at, end, UPGRADE))
      this.upgradesToHttp2 = startsWithName(chunk, skipSpace(chunk, at + UPGRADE.length, end), end, H2C)
  }
}

function digitsOf(chunk: Uint8Array, at: number): number {
  return (chunk[at]! - ZERO) * 100 + (chunk[at + 1]! - ZERO) * 10 + (chunk[at + 2]! - ZERO)
}
