/** Do these bytes begin an HTTP/1.x message? Asked of the first bytes of a connection and after lost ones. */
import {
  ASTERISK,
  CR,
  findTokenEnd,
  LF,
  skipEmptyLines,
  SLASH,
  SP,
  startsWithName,
  trimSpace,
  octetsOf,
} from './octets.ts'
import { findOctet } from './scan.ts'
import { knownMethod } from './method.ts'

/** `partial`: so far yes, but the bytes end before it is certain. */
export type Verdict = 'yes' | 'no' | 'partial'

/** No registered method is longer than 17 (IANA: UPDATEREDIRECTREF). Keeps long words from looking like one. */
const METHOD_LENGTH_MAX = 24

const SCHEME = octetsOf('http')
const VERSION = octetsOf('http/1.')
/** `HTTP/1.1` */
const VERSION_LENGTH = 8

/**
 * Judges `chunk[begin, end)` as the beginning of a request (RFC 9112 §3); empty lines before it are allowed.
 * A well-known method and the beginning of a target are enough when the line goes on beyond the bytes at hand,
 * for its end may never be captured.
 */
export function looksLikeRequest(chunk: Uint8Array, begin: number, end: number): Verdict {
  const at = skipEmptyLines(chunk, begin, end)
  const methodEnd = findTokenEnd(chunk, at, Math.min(end, at + METHOD_LENGTH_MAX))
  if (methodEnd === end) return 'partial'
  if (methodEnd === at || chunk[methodEnd] !== SP) return 'no'
  const lf = findOctet(chunk, methodEnd, end, LF)
  if (lf >= 0) return findTargetEnd(chunk, methodEnd + 1, trimSpace(chunk, at, lf)) > 0 ? 'yes' : 'no'
  if (knownMethod(chunk, at, methodEnd) === '') return 'partial'
  return judgeTarget(chunk, methodEnd + 1, end)
}

/** Stricter: a request whose method everybody knows. A word that ends one request may precede any other method. */
export function isUnmistakableRequest(chunk: Uint8Array, begin: number, end: number): boolean {
  const at = skipEmptyLines(chunk, begin, end)
  const methodEnd = findTokenEnd(chunk, at, Math.min(end, at + METHOD_LENGTH_MAX))
  return knownMethod(chunk, at, methodEnd) !== '' && looksLikeRequest(chunk, at, end) === 'yes'
}

/** Origin, absolute and asterisk form are told by their beginning; the authority form of CONNECT is not. */
function judgeTarget(chunk: Uint8Array, at: number, end: number): Verdict {
  if (at === end) return 'partial'
  const first = chunk[at]!
  if (first <= SP || first >= 0x7f) return 'no'
  return first === SLASH || first === ASTERISK || startsWithName(chunk, at, end, SCHEME) ? 'yes' : 'partial'
}

/**
 * Where the target that starts at `begin` ends, in a request line that ends at `end` (line end excluded): at the
 * space before `HTTP/1.x`. Found from the right, because some clients send spaces inside the target. -1: no version.
 */
export function findTargetEnd(chunk: Uint8Array, begin: number, end: number): number {
  const version = end - VERSION_LENGTH
  if (version - 1 <= begin || chunk[version - 1] !== SP || !startsWithName(chunk, version, end, VERSION))
    return -1
  return isDigit(chunk[end - 1]!) ? version - 1 : -1
}

/** Judges `chunk[begin, end)` as the beginning of a response: `HTTP/1.x NNN` (RFC 9112 §4). */
export function looksLikeResponse(chunk: Uint8Array, begin: number, end: number): Verdict {
  const at = skipEmptyLines(chunk, begin, end)
  for (let i = 0; i <= STATUS_LINE_LENGTH_MIN; i++) {
    if (at + i === end) return 'partial'
    if (!fitsStatusLine(i, chunk[at + i]!)) return 'no'
  }
  return 'yes'
}

/** `HTTP/1.1 200`; what follows is a space, or the end of the line. */
export const STATUS_LINE_LENGTH_MIN = 12

function fitsStatusLine(index: number, octet: number): boolean {
  if (index < VERSION.length) return (octet | 0x20) === VERSION[index]
  if (index === VERSION_LENGTH) return octet === SP
  if (index === STATUS_LINE_LENGTH_MIN) return octet === SP || octet === CR || octet === LF
  return isDigit(octet) && !(index === VERSION_LENGTH + 1 && octet === 0x30)
}

function isDigit(octet: number): boolean {
  return octet >= 0x30 && octet <= 0x39
}
