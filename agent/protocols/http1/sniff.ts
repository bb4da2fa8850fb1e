/** Do these bytes begin an HTTP/1.x message? Asked of the first bytes of a connection and after lost ones. */
import type { Verdict } from '../analyzer.ts'
import { knownMethod } from './method.ts'
import {
  ASTERISK,
  CR,
  findTokenEnd,
  LF,
  octetsOf,
  skipEmptyLines,
  skipSpace,
  SLASH,
  SP,
  startsWithName,
  trimSpace,
} from '../text/octets.ts'
import { findOctet, viewOf } from '../text/scan.ts'

/** No registered method is longer than 17 (IANA: UPDATEREDIRECTREF). Keeps long words from looking like one. */
const METHOD_LENGTH_MAX = 24

const SCHEME = octetsOf('http')

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
  return judgeTarget(chunk, skipSpace(chunk, methodEnd, end), end)
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

/** `HTTP/1.1`: the minor version is any digit. */
const VERSION = 'HTTP/1.'
const VERSION_LENGTH = 8
/** As little-endian words: `HTTP`, and `/1.` in the lower three bytes of the next. */
const HTTP = 0x50545448
const SLASH_ONE_DOT = 0x2e312f

function isVersion(chunk: Uint8Array, at: number): boolean {
  const words = viewOf(chunk)
  if (words.getInt32(at, true) !== HTTP || (words.getInt32(at + 4, true) & 0xffffff) !== SLASH_ONE_DOT)
    return false
  return isDigit(chunk[at + VERSION_LENGTH - 1]!)
}

/**
 * Where the target that starts at `begin` ends, in a request line that ends at `end` (line end excluded): at the
 * space before `HTTP/1.x`. Found from the right, because some clients send spaces inside the target. -1: no version.
 */
export function findTargetEnd(chunk: Uint8Array, begin: number, end: number): number {
  const targetEnd = end - VERSION_LENGTH - 1
  return targetEnd > begin && chunk[targetEnd] === SP && isVersion(chunk, targetEnd + 1) ? targetEnd : -1
}

/** `HTTP/1.1 200`; what follows is a space, or the end of the line. */
const STATUS_LENGTH = 12

/** Judges `chunk[begin, end)` as the beginning of a response: `HTTP/1.x NNN` (RFC 9112 §4). */
export function looksLikeResponse(chunk: Uint8Array, begin: number, end: number): Verdict {
  const at = skipEmptyLines(chunk, begin, end)
  if (end - at > STATUS_LENGTH)
    return isVersion(chunk, at) && isStatus(chunk, at + VERSION_LENGTH) ? 'yes' : 'no'
  for (let i = 0; at + i < end; i++) if (!fitsStatusLine(i, chunk[at + i]!)) return 'no'
  return 'partial'
}

/** A space, three digits, and the end of the number. */
function isStatus(chunk: Uint8Array, at: number): boolean {
  for (let i = 0; i <= STATUS_LENGTH - VERSION_LENGTH; i++) {
    if (!fitsStatusLine(VERSION_LENGTH + i, chunk[at + i]!)) return false
  }
  return true
}

function fitsStatusLine(index: number, octet: number): boolean {
  if (index < VERSION.length) return octet === VERSION.charCodeAt(index)
  if (index === VERSION_LENGTH) return octet === SP
  if (index === STATUS_LENGTH) return octet === SP || octet === CR || octet === LF
  return isDigit(octet) && !(index === VERSION_LENGTH + 1 && octet === 0x30)
}

function isDigit(octet: number): boolean {
  return octet >= 0x30 && octet <= 0x39
}
