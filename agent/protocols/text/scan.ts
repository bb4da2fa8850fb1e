/** Searches and comparisons, several octets at a time: a head is read mostly to find where its lines end. */

/** The chunk looked at last and a view of it: one batch of records is the chunk of hundreds of calls. */
let viewed: Uint8Array = new Uint8Array(0)
let view: DataView = new DataView(viewed.buffer)

/** A view of `chunk`; valid until the next call. */
export function viewOf(chunk: Uint8Array): DataView {
  if (chunk !== viewed) {
    viewed = chunk
    view = new DataView(chunk.buffer, chunk.byteOffset, chunk.byteLength)
  }
  return view
}

const EVERY_LOW_BIT = 0x01010101
const EVERY_HIGH_BIT = 0x80808080 | 0

/**
 * Index of the first `octet` in `chunk[at, end)`, or -1.
 *
 * A byte of `low` or `high` is 0 where the octet is. Subtracting 1 from every byte borrows first at such a byte, so
 * of the high bits that come out set the lowest is in the first of them. Written out twice: calls would cost more
 * than what they do.
 */
export function findOctet(chunk: Uint8Array, at: number, end: number, octet: number): number {
  const words = viewOf(chunk)
  const pattern = Math.imul(octet, EVERY_LOW_BIT)
  for (const last = end - 8; at <= last; at += 8) {
    const low = words.getInt32(at, true) ^ pattern
    const lowMarks = ((low - EVERY_LOW_BIT) | 0) & ~low & EVERY_HIGH_BIT
    if (lowMarks !== 0) return at + ((31 - Math.clz32(lowMarks & -lowMarks)) >> 3)
    const high = words.getInt32(at + 4, true) ^ pattern
    const highMarks = ((high - EVERY_LOW_BIT) | 0) & ~high & EVERY_HIGH_BIT
    if (highMarks !== 0) return at + 4 + ((31 - Math.clz32(highMarks & -highMarks)) >> 3)
  }
  for (; at < end; at++) if (chunk[at] === octet) return at
  return -1
}

/** True when `chunk` holds from `at` on what `other` holds in `[begin, end)`. */
export function equalsOctets(
  chunk: Uint8Array,
  at: number,
  other: Uint8Array,
  otherWords: DataView,
  begin: number,
  end: number,
): boolean {
  const words = viewOf(chunk)
  const shift = at - begin
  for (const last = end - 4; begin <= last; begin += 4) {
    if (words.getInt32(shift + begin) !== otherWords.getInt32(begin)) return false
  }
  for (; begin < end; begin++) if (chunk[shift + begin] !== other[begin]) return false
  return true
}
