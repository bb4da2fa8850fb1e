/** The header fields whose values an access log needs. All others are counted, and never decoded. */
import { octetsOf } from '../text/octets.ts'
import { encodeHuffman } from './huffman.ts'

/** Of an entry of a dynamic table that was made before anybody looked. */
export const UNKNOWN_NAME = -1
export const OTHER_NAME = 0
export const METHOD = 1
export const PATH = 2
export const STATUS = 3
export const AUTHORITY = 4
export const HOST = 5
export const SW8 = 6
export const TRACEPARENT = 7
export const B3 = 8
export const B3_TRACE_ID = 9
export const B3_SPAN_ID = 10
export const GRPC_STATUS = 11

/** One of the numbers above. */
export type FieldName = number

const NAMES: readonly (readonly [text: string, name: FieldName])[] = [
  [':method', METHOD],
  [':path', PATH],
  [':status', STATUS],
  [':authority', AUTHORITY],
  ['host', HOST],
  ['sw8', SW8],
  ['traceparent', TRACEPARENT],
  ['b3', B3],
  ['x-b3-traceid', B3_TRACE_ID],
  ['x-b3-spanid', B3_SPAN_ID],
  ['grpc-status', GRPC_STATUS],
]

/** The number of a name given as text. */
export function nameOfText(text: string): FieldName {
  return NAMES.find(([known]) => known === text)?.[1] ?? OTHER_NAME
}

interface Candidate {
  octets: Uint8Array
  name: FieldName
}

/** Names as they are on the wire, by their length there. A name has one Huffman form, so it need not be decoded. */
const PLAIN = byLength(octetsOf)
const HUFFMAN = byLength((text) => encodeHuffman(octetsOf(text)))

function byLength(encode: (text: string) => Uint8Array): readonly (readonly Candidate[])[] {
  const lists: Candidate[][] = Array.from({ length: 16 }, () => [])
  for (const [text, name] of NAMES) {
    const octets = encode(text)
    lists[octets.length]!.push({ octets, name })
  }
  return lists
}

/** The name in `chunk[begin, end)`. */
export function findName(chunk: Uint8Array, begin: number, end: number, isHuffman: boolean): FieldName {
  const candidates = (isHuffman ? HUFFMAN : PLAIN)[end - begin]
  if (candidates === undefined) return OTHER_NAME
  for (const { octets, name } of candidates) if (isAt(octets, chunk, begin)) return name
  return OTHER_NAME
}

function isAt(octets: Uint8Array, chunk: Uint8Array, begin: number): boolean {
  for (let i = 0; i < octets.length; i++) if (octets[i] !== chunk[begin + i]) return false
  return true
}
