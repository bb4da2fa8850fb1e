/** Strict base64 (RFC 4648 §4) of short texts; Buffer's decoder skips what it does not know instead of refusing it. */
import { textOf } from './text.ts'

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'
const PADDING = 0x3d
const BAD = 0xff

const VALUE = new Uint8Array(256).fill(BAD)
for (let i = 0; i < ALPHABET.length; i++) VALUE[ALPHABET.charCodeAt(i)] = i

/** Trace and segment ids are at most about 60 characters; a longer text is refused. */
const DECODED_BYTES_MAX = 192
const decoded = new Uint8Array(DECODED_BYTES_MAX)

/** The UTF-8 text in `chunk[begin, end)`, or undefined when it is not well-formed base64, empty, or too long. */
export function decodeBase64(chunk: Uint8Array, begin: number, end: number): string | undefined {
  if (end === begin || (end - begin) % 4 !== 0) return undefined
  if (chunk[end - 1] === PADDING) end -= chunk[end - 2] === PADDING ? 2 : 1
  if ((end - begin) * 3 > DECODED_BYTES_MAX * 4) return undefined
  let bits = 0
  let bitCount = 0
  let length = 0
  for (let i = begin; i < end; i++) {
    const value = VALUE[chunk[i]!]!
    if (value === BAD) return undefined
    bits = (bits << 6) | value
    bitCount += 6
    if (bitCount >= 8) decoded[length++] = bits >>> (bitCount -= 8)
  }
  return textOf(decoded, 0, length)
}
