/** The head of a request: request line and the fields an access log needs (RFC 9112 §3, §5). */
import type { TraceContext } from '../analyzer.ts'
import { FRAMING_LETTERS, FramingFields, letters, readFields } from './fields.ts'
import { findOctet } from '../text/scan.ts'
import { commonMethod, knownMethod } from './method.ts'
import { findTokenEnd, octetsOf, skipSpace, SP, startsWithName, trimSpace, ZERO, LF } from '../text/octets.ts'
import { CUT_OFF, INVALID } from './parse.ts'
import { findTargetEnd, looksLikeRequest } from './sniff.ts'
import { readTarget, Target } from './target.ts'
import { textOf } from '../text/text.ts'
import { TraceFields } from '../trace.ts'

const LETTERS = FRAMING_LETTERS | letters('hebsx')
const HOST = octetsOf('host:')
const EXPECT = octetsOf('expect:')
const CONTINUE = octetsOf('100-continue')

/** Reusable: one serves all connections, since it is read before the next head is parsed. */
export class RequestHead {
  readonly firstLetters = LETTERS
  /** Empty: not even the method is known. */
  method = ''
  readonly target = new Target()
  /** `HTTP/1.0` or `HTTP/1.1` (also for later minor versions, RFC 9110 §2.5); empty when cut off before it. */
  version = ''
  readonly framing = new FramingFields()
  /** Expect: 100-continue: the client may leave the body out when it is refused (RFC 9110 §10.1.1). */
  expectsContinue = false
  readonly #trace = new TraceFields()
  #host = ''

  /** The Host field, or the authority of an absolute-form target when there is none. */
  get host(): string {
    return this.#host !== '' ? this.#host : this.target.authority
  }

  get trace(): TraceContext | undefined {
    return this.#trace.context
  }

  /**
   * Parses the head that begins at `begin`.
   * @returns index after it; CUT_OFF when it goes on beyond `end`, with what is known so far; INVALID
   */
  parse(chunk: Uint8Array, begin: number, end: number): number {
    this.#reset()
    const common = commonMethod(chunk, begin, end)
    const methodEnd = common !== '' ? begin + common.length : findTokenEnd(chunk, begin, end)
    if (methodEnd === end) return CUT_OFF
    if (methodEnd === begin || chunk[methodEnd] !== SP) return INVALID
    const lf = findOctet(chunk, methodEnd, end, LF)
    if (lf < 0) return this.#readCutLine(chunk, begin, methodEnd, end)
    const lineEnd = trimSpace(chunk, begin, lf)
    const targetBegin = skipSpace(chunk, methodEnd, lineEnd)
    const targetEnd = findTargetEnd(chunk, targetBegin, lineEnd)
    if (targetEnd < 0) return INVALID
    this.method = common || methodOf(chunk, begin, methodEnd)
    this.version = chunk[lineEnd - 1] === ZERO ? 'HTTP/1.0' : 'HTTP/1.1'
    readTarget(chunk, targetBegin, trimSpace(chunk, targetBegin, targetEnd), this.method, this.target)
    return readFields(chunk, lf + 1, end, this)
  }

  #reset(): void {
    this.method = ''
    this.version = ''
    this.#host = ''
    this.expectsContinue = false
    this.target.reset()
    this.framing.reset()
    this.#trace.reset()
  }

  /** A long query is what makes request lines long, and then the path before it is known all the same. */
  #readCutLine(chunk: Uint8Array, begin: number, methodEnd: number, end: number): number {
    if (looksLikeRequest(chunk, begin, end) !== 'yes') return CUT_OFF
    this.method = methodOf(chunk, begin, methodEnd)
    readTarget(chunk, methodEnd + 1, end, this.method, this.target)
    this.target.whole = this.target.hasQuery
    return CUT_OFF
  }

  field(chunk: Uint8Array, at: number, end: number): void {
    switch (chunk[at]! | 0x20) {
      case 0x68: // h
        return this.#readHost(chunk, at, end)
      case 0x63: // c
        return this.framing.fieldC(chunk, at, end)
      case 0x74: // t
        this.framing.fieldT(chunk, at, end)
        return this.#trace.field(chunk, at, end)
      case 0x62: // b
      case 0x73: // s
      case 0x78: // x
        return this.#trace.field(chunk, at, end)
      case 0x65: // e
        return this.#readExpect(chunk, at, end)
    }
  }

  #readHost(chunk: Uint8Array, at: number, end: number): void {
    if (this.#host !== '' || !startsWithName(chunk, at, end, HOST)) return
    const begin = skipSpace(chunk, at + HOST.length, end)
    this.#host = textOf(chunk, begin, trimSpace(chunk, begin, end))
  }

  #readExpect(chunk: Uint8Array, at: number, end: number): void {
    if (!startsWithName(chunk, at, end, EXPECT)) return
    if (startsWithName(chunk, skipSpace(chunk, at + EXPECT.length, end), end, CONTINUE))
      this.expectsContinue = true
  }
}

function methodOf(chunk: Uint8Array, begin: number, end: number): string {
  return knownMethod(chunk, begin, end) || textOf(chunk, begin, end)
}
