/** Do the first bytes of a call belong to HTTP/2, and to which of its two streams? */
import type { Verdict } from '../analyzer.ts'
import { STATIC_NAMES } from '../hpack/static-table.ts'
import { STATUS } from '../hpack/names.ts'
import { equals } from '../text/text.ts'
import {
  CONTINUATION,
  FRAME_HEADER_BYTES,
  HAS_PRIORITY,
  HEADERS,
  isFrameHeader,
  lengthAt,
  PADDED,
  PREFACE,
  SETTINGS,
  typeAt,
} from './frame.ts'

/** `PRI ` is no method of HTTP/1; what is shorter may become one. */
const PREFACE_DOUBTFUL_BYTES = 4

/** How `chunk[begin, end)` begins: with the preface of a client. */
export function looksLikePreface(chunk: Uint8Array, begin: number, end: number): Verdict {
  const length = Math.min(end - begin, PREFACE.length)
  if (length < PREFACE_DOUBTFUL_BYTES || !equals(PREFACE.slice(0, length), chunk, begin)) return 'no'
  return length === PREFACE.length ? 'yes' : 'partial'
}

/**
 * True when `chunk[begin, end)` is frames from its first octet on, as far as it goes: every header is possible, and the
 * last frame may go on.
 */
export function looksLikeFrames(chunk: Uint8Array, begin: number, end: number): boolean {
  if (end - begin < FRAME_HEADER_BYTES || typeAt(chunk, begin) > CONTINUATION) return false
  for (let at = begin; at + FRAME_HEADER_BYTES <= end; at += FRAME_HEADER_BYTES + lengthAt(chunk, at)) {
    if (!isFrameHeader(chunk, at)) return false
  }
  return true
}

/** Of frames: do they begin with what only a connection that begins, or a message that begins, can begin with? */
export function looksLikeBeginning(chunk: Uint8Array, begin: number, end: number): boolean {
  const type = typeAt(chunk, begin)
  if (!looksLikeFrames(chunk, begin, end)) return false
  return type === HEADERS || (type === SETTINGS && lengthAt(chunk, begin) > 0)
}

/** What the first HEADERS frame in `chunk[begin, end)` opens: a response, a request, or what cannot be told. */
export function findMessage(
  chunk: Uint8Array,
  begin: number,
  end: number,
): 'request' | 'response' | undefined {
  for (let at = begin; at + FRAME_HEADER_BYTES < end; at += FRAME_HEADER_BYTES + lengthAt(chunk, at)) {
    if (typeAt(chunk, at) === HEADERS) return messageAt(chunk, at, end)
  }
  return undefined
}

/** By its first field: responses begin with :status, requests with another pseudo-header of the static table. */
function messageAt(chunk: Uint8Array, at: number, end: number): 'request' | 'response' | undefined {
  const flags = chunk[at + 4]!
  const first = at + FRAME_HEADER_BYTES + (flags & PADDED ? 1 : 0) + (flags & HAS_PRIORITY ? 5 : 0)
  if (first >= end) return undefined
  const index = staticIndexOf(chunk[first]!)
  if (index === 0 || index > LAST_PSEUDO_HEADER) return undefined
  return STATIC_NAMES[index] === STATUS ? 'response' : 'request'
}

/** Of ":status 500", the last one. */
const LAST_PSEUDO_HEADER = 14

/** The index that a field representation begins with (RFC 7541 §6), 0: none. */
function staticIndexOf(octet: number): number {
  if (octet & 0x80) return octet & 0x7f
  return octet & 0x40 ? octet & 0x3f : octet & 0x0f
}
