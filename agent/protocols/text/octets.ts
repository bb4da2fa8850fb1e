/** Octets with a meaning in HTTP/1.x syntax, and the scans over them (RFC 9110 §5.6, RFC 9112 §2). */
export const HTAB = 0x09
export const LF = 0x0a
export const CR = 0x0d
export const SP = 0x20
export const HASH = 0x23
export const ASTERISK = 0x2a
export const COMMA = 0x2c
export const HYPHEN = 0x2d
export const SLASH = 0x2f
export const ZERO = 0x30
export const COLON = 0x3a
export const SEMICOLON = 0x3b
export const QUESTION_MARK = 0x3f
export const AT_SIGN = 0x40

const TOKEN_PUNCTUATION = "!#$%&'*+-.^_`|~"

/** 1 for every tchar (RFC 9110 §5.6.2). */
const TCHAR = Uint8Array.from({ length: 256 }, (_, octet) => {
  const text = String.fromCharCode(octet)
  return /[0-9A-Za-z]/.test(text) || TOKEN_PUNCTUATION.includes(text) ? 1 : 0
})

/** Index of the first octet in `chunk[at, end)` that is not a tchar, or `end`. */
export function findTokenEnd(chunk: Uint8Array, at: number, end: number): number {
  while (at < end && TCHAR[chunk[at]!] === 1) at++
  return at
}

/** Index of the first octet in `chunk[at, end)` that is neither CR nor LF, or `end`. */
export function skipEmptyLines(chunk: Uint8Array, at: number, end: number): number {
  while (at < end && (chunk[at] === CR || chunk[at] === LF)) at++
  return at
}

/** Index of the first octet in `chunk[at, end)` that is not whitespace; CR and LF count, as they do in obs-fold. */
export function skipSpace(chunk: Uint8Array, at: number, end: number): number {
  while (at < end && isSpace(chunk[at]!)) at++
  return at
}

/** `end` moved back over trailing whitespace, not beyond `begin`; with the index of an LF, also over its CR. */
export function trimSpace(chunk: Uint8Array, begin: number, end: number): number {
  while (end > begin && isSpace(chunk[end - 1]!)) end--
  return end
}

function isSpace(octet: number): boolean {
  return octet <= SP && (octet === SP || octet === CR || octet === HTAB || octet === LF)
}

/** Octets of a lower-case name, for `startsWithName`. */
export function octetsOf(lowerCase: string): Uint8Array {
  return Uint8Array.from(lowerCase, (character) => character.charCodeAt(0))
}

/** True when `chunk[at, end)` begins with `name`, ASCII case ignored. The last octet tells most names apart. */
export function startsWithName(chunk: Uint8Array, at: number, end: number, name: Uint8Array): boolean {
  const last = name.length - 1
  if (end - at <= last || (chunk[at + last]! | 0x20) !== name[last]) return false
  for (let i = 0; i < name.length; i++) if ((chunk[at + i]! | 0x20) !== name[i]) return false
  return true
}
