/** Header fields: the walk over their lines, and the two fields that requests and responses share. */
import {
  COMMA,
  CR,
  findTokenEnd,
  HTAB,
  LF,
  octetsOf,
  skipSpace,
  SP,
  startsWithName,
  trimSpace,
  ZERO,
} from '../text/octets.ts'
import { CUT_OFF } from './parse.ts'
import { findOctet } from '../text/scan.ts'

/** Something that picks the fields it knows out of a head. */
export interface FieldReader {
  /** Bit n is set when a known field name begins with the n-th letter: other lines are passed over unread. */
  readonly firstLetters: number
  /** One field line, `chunk[at, end)`, its line end excluded, continuation lines (obs-fold) included. */
  field(chunk: Uint8Array, at: number, end: number): void
}

/** `firstLetters` of these lower-case letters. */
export function letters(text: string): number {
  let bits = 0
  for (const letter of text) bits |= 1 << (letter.charCodeAt(0) & 31)
  return bits
}

/**
 * Hands the field lines of `chunk[at, end)` that may be known to `reader`; not those that are cut off.
 * @returns index after the empty line that ends the head, or CUT_OFF
 */
export function readFields(chunk: Uint8Array, at: number, end: number, reader: FieldReader): number {
  const wanted = reader.firstLetters
  let lf = at - 1
  while ((lf = findOctet(chunk, lf + 1, end, LF)) >= 0) {
    if (lf === at || (lf === at + 1 && chunk[at] === CR)) return lf + 1
    if (lf + 1 === end) return CUT_OFF
    if (isFold(chunk[lf + 1]!)) continue
    if ((wanted >>> (chunk[at]! & 31)) & 1) reader.field(chunk, at, lf)
    at = lf + 1
  }
  return CUT_OFF
}

function isFold(octet: number): boolean {
  return octet === SP || octet === HTAB
}

/** Content-Length so far: a length, or one of these. */
export const ABSENT = -1
export const CONFLICTING = -2

/**
 * Reads the value of a Content-Length field line and merges it with those before it. Repeated equal values are
 * one (RFC 9112 §6.3 rule 5), whether in one line, comma-separated, or in several.
 * @param known what the lines before said: ABSENT, CONFLICTING or a length
 */
export function mergeContentLength(chunk: Uint8Array, at: number, end: number, known: number): number {
  do {
    const begin = skipSpace(chunk, at, end)
    const comma = findComma(chunk, begin, end)
    const length = parseLength(chunk, begin, trimSpace(chunk, begin, comma))
    if (length < 0 || (known !== ABSENT && known !== length)) return CONFLICTING
    known = length
    at = comma + 1
  } while (at <= end)
  return known
}

/** Digits only; more than 2^53 - 1 bytes is not believed. */
function parseLength(chunk: Uint8Array, begin: number, end: number): number {
  if (begin === end) return CONFLICTING
  let length = 0
  for (let i = begin; i < end; i++) {
    const digit = chunk[i]! - ZERO
    if (digit < 0 || digit > 9) return CONFLICTING
    length = length * 10 + digit
  }
  return length <= Number.MAX_SAFE_INTEGER ? length : CONFLICTING
}

/** Transfer-Encoding so far. */
export const NO_CODING = 0
/** `chunked` is the last coding: the message frames itself. */
export const CHUNKED_CODING = 1
/** Codings, but `chunked` is not the last: the body ends with the connection. */
export const OTHER_CODING = 2

const CHUNKED_NAME = octetsOf('chunked')
const IDENTITY_NAME = octetsOf('identity')

/**
 * Reads the value of a Transfer-Encoding field line: the last coding decides (RFC 9112 §6.3 rule 4). `identity`
 * (RFC 2616 §3.6, withdrawn) is no coding: its senders frame with Content-Length and keep the connection open.
 * @param known what the lines before said
 */
export function mergeTransferEncoding(chunk: Uint8Array, at: number, end: number, known: number): number {
  while (at < end) {
    const begin = skipSpace(chunk, at, end)
    const comma = findComma(chunk, begin, end)
    const nameEnd = findTokenEnd(chunk, begin, comma)
    if (nameEnd > begin && !isName(chunk, begin, nameEnd, IDENTITY_NAME)) {
      known = isName(chunk, begin, nameEnd, CHUNKED_NAME) ? CHUNKED_CODING : OTHER_CODING
    }
    at = comma + 1
  }
  return known
}

function isName(chunk: Uint8Array, begin: number, end: number, name: Uint8Array): boolean {
  return end - begin === name.length && startsWithName(chunk, begin, end, name)
}

function findComma(chunk: Uint8Array, at: number, end: number): number {
  while (at < end && chunk[at] !== COMMA) at++
  return at
}

const CONTENT_LENGTH = octetsOf('content-length:')
const TRANSFER_ENCODING = octetsOf('transfer-encoding:')

/** First letters of the fields below. */
export const FRAMING_LETTERS = letters('ct')

/** How a head says that its body is framed. */
export class FramingFields {
  /** ABSENT, CONFLICTING or bytes. */
  contentLength = ABSENT
  /** NO_CODING, CHUNKED_CODING or OTHER_CODING. */
  coding = NO_CODING

  reset(): void {
    this.contentLength = ABSENT
    this.coding = NO_CODING
  }

  /** A field line that begins with C. */
  fieldC(chunk: Uint8Array, at: number, end: number): void {
    if (!startsWithName(chunk, at, end, CONTENT_LENGTH)) return
    this.contentLength = mergeContentLength(chunk, at + CONTENT_LENGTH.length, end, this.contentLength)
  }

  /** A field line that begins with T. */
  fieldT(chunk: Uint8Array, at: number, end: number): void {
    if (!startsWithName(chunk, at, end, TRANSFER_ENCODING)) return
    this.coding = mergeTransferEncoding(chunk, at + TRANSFER_ENCODING.length, end, this.coding)
  }
}
