/** Frames (RFC 9113 §4 and §6): types, flags, and whether nine octets can be the header of one. */
import { viewOf } from '../text/scan.ts'

export const FRAME_HEADER_BYTES = 9

export const DATA = 0
export const HEADERS = 1
export const PRIORITY = 2
export const RST_STREAM = 3
export const SETTINGS = 4
export const PUSH_PROMISE = 5
export const PING = 6
export const GOAWAY = 7
export const WINDOW_UPDATE = 8
export const CONTINUATION = 9

/** DATA and HEADERS. */
export const END_STREAM = 0x1
/** SETTINGS and PING. */
export const ACK = 0x1
/** HEADERS, PUSH_PROMISE and CONTINUATION. */
export const END_HEADERS = 0x4
/** DATA, HEADERS and PUSH_PROMISE. */
export const PADDED = 0x8
/** HEADERS: five octets of priority stand before the block. */
export const HAS_PRIORITY = 0x20

/** Flags that each type knows. Others are to be ignored, and nobody sets them. */
const FLAGS: readonly number[] = [
  END_STREAM | PADDED,
  END_STREAM | END_HEADERS | PADDED | HAS_PRIORITY,
  0,
  0,
  ACK,
  END_HEADERS | PADDED,
  ACK,
  0,
  0,
  END_HEADERS,
]

/** What every client says first (§3.4). */
export const PREFACE = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'

/** Of a stream id; the bit above it is reserved. */
const STREAM_ID_MAX = 0x7fff_ffff

/** Frames of extensions are small: nobody may send larger ones without being told so (§4.2). */
const EXTENSION_BYTES_MAX = 16_384

/** The three fields of a header that the length is not in. Nine octets from `at` on must be there. */
export function typeAt(chunk: Uint8Array, at: number): number {
  return chunk[at + 3]!
}
export function lengthAt(chunk: Uint8Array, at: number): number {
  return (chunk[at]! << 16) | (chunk[at + 1]! << 8) | chunk[at + 2]!
}
export function streamIdAt(chunk: Uint8Array, at: number): number {
  return viewOf(chunk).getUint32(at + 5)
}

/** Could the nine octets be the header of a frame? */
export function isFrameHeader(chunk: Uint8Array, at: number): boolean {
  const streamId = streamIdAt(chunk, at)
  if (streamId > STREAM_ID_MAX) return false
  const type = typeAt(chunk, at)
  if (type > CONTINUATION) return lengthAt(chunk, at) <= EXTENSION_BYTES_MAX
  return (chunk[at + 4]! & ~FLAGS[type]!) === 0 && fitsType(type, lengthAt(chunk, at), streamId)
}

/** Lengths and streams that §6 demands. */
function fitsType(type: number, length: number, streamId: number): boolean {
  switch (type) {
    case SETTINGS:
      return streamId === 0 && length % 6 === 0
    case PING:
      return streamId === 0 && length === 8
    case GOAWAY:
      return streamId === 0 && length >= 8
    case WINDOW_UPDATE:
      return length === 4
    case RST_STREAM:
      return streamId !== 0 && length === 4
    case PRIORITY:
      return streamId !== 0 && length === 5
    default:
      return streamId !== 0
  }
}

/** Payloads that tell nothing but their size, and that the kernel leaves out. Extensions are of this kind. */
export function isOmitted(type: number): boolean {
  return type === DATA || type > CONTINUATION
}

/** A frame that a header block begins with, or goes on in. */
export function isHeaderFrame(type: number): boolean {
  return type === HEADERS || type === PUSH_PROMISE || type === CONTINUATION
}
