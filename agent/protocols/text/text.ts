/** Strings out of bytes. Hosts and paths repeat, so most of them are found instead of made. */
import { Buffer } from 'node:buffer'
import { equalsOctets } from './scan.ts'

/** Longer texts repeat less. */
const CACHED_LENGTH_MAX = 64
const SLOTS = 1024

/**
 * The texts asked for last: each has one slot, by its key, and keeps it until another one needs it. Shared by all
 * connections of a worker; 64 KiB of bytes and as much text at most. ASCII only.
 */
const recentTexts: string[] = new Array<string>(SLOTS).fill('')
const recentBytes = new Uint8Array(SLOTS * CACHED_LENGTH_MAX)
const recentWords = new DataView(recentBytes.buffer)

/** `chunk[begin, end)` as a string; bytes beyond ASCII are read as UTF-8, ill-formed ones become U+FFFD. */
export function textOf(chunk: Uint8Array, begin: number, end: number): string {
  const length = end - begin
  if (length === 0) return ''
  if (length > CACHED_LENGTH_MAX) return decode(chunk, begin, end)
  const slot = slotOf(chunk, begin, end)
  const known = recentTexts[slot]!
  const at = slot * CACHED_LENGTH_MAX
  if (known.length === length && equalsOctets(chunk, begin, recentBytes, recentWords, at, at + length))
    return known
  return keep(slot, chunk, begin, end)
}

/** Texts differ in length and towards their end; a hash of all bytes would cost more than what it finds. */
function slotOf(chunk: Uint8Array, begin: number, end: number): number {
  const middle = chunk[(begin + end) >> 1]!
  const beforeLast = chunk[end > begin + 1 ? end - 2 : begin]!
  return (((end - begin) << 4) ^ (middle << 3) ^ (beforeLast << 5) ^ chunk[end - 1]!) & (SLOTS - 1)
}

function keep(slot: number, chunk: Uint8Array, begin: number, end: number): string {
  const text = decode(chunk, begin, end)
  // As long as its bytes: all of them are ASCII, or some are ill-formed and one character each, which is as good.
  if (text.length === end - begin) {
    recentTexts[slot] = text
    recentBytes.set(chunk.subarray(begin, end), slot * CACHED_LENGTH_MAX)
  }
  return text
}

function decode(chunk: Uint8Array, begin: number, end: number): string {
  return Buffer.from(chunk.buffer, chunk.byteOffset + begin, end - begin).toString('utf8')
}

/** True when the ASCII `text` is what `chunk` holds from `begin` on. */
export function equals(text: string, chunk: Uint8Array, begin: number): boolean {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) !== chunk[begin + i]) return false
  return true
}
