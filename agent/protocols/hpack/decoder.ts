/** HPACK (RFC 7541): header blocks of one direction in, the fields that an access log needs out. */
import { textOf } from '../text/text.ts'
import { DynamicTable } from './dynamic-table.ts'
import { decodeHuffman, decodedMaxBytes, decodedMinBytes } from './huffman.ts'
import { type FieldName, findName, OTHER_NAME, PATH, UNKNOWN_NAME } from './names.ts'
import { STATIC_LENGTH, STATIC_NAMES, STATIC_VALUES } from './static-table.ts'

/** Takes the fields of a block, in order. */
export interface FieldReceiver {
  /** One of the names that are needed; a path comes without its query. */
  field(name: FieldName, value: string): void
  /** A field that was inserted before anybody looked: it may be any. */
  unknown(): void
}

/** Longer integers are no index, no length and no size that anybody means. */
const INTEGER_BITS_MAX = 28
const QUESTION_MARK = 0x3f
const HASH = 0x23

/** Where the decoder is in its block, and what it read last; one block is read at a time, in one call. */
let position = 0
let limit = 0
let stringBegin = 0
let isHuffman = false

let decoded = new Uint8Array(1024)

/** State of one direction of a connection. */
export class HpackDecoder {
  readonly table = new DynamicTable()

  /**
   * Reads a whole block.
   * @returns false when it is malformed: the fields before that are given, the table is in doubt
   */
  decode(block: Uint8Array, begin: number, end: number, fields: FieldReceiver): boolean {
    position = begin
    limit = end
    while (position < limit) {
      const octet = block[position]!
      if (octet & 0x80) {
        if (!this.#readIndexed(block, fields)) return false
      } else if (octet & 0x40) {
        if (!this.#readLiteral(block, fields, 6, true)) return false
      } else if (octet & 0x20) {
        const bytes = readInteger(block, 5)
        if (bytes < 0) return false
        this.table.allow(bytes)
      } else if (!this.#readLiteral(block, fields, 4, false)) return false
    }
    return true
  }

  #readIndexed(block: Uint8Array, fields: FieldReceiver): boolean {
    const index = readInteger(block, 7)
    if (index <= 0) return false
    if (index <= STATIC_LENGTH) {
      const name = STATIC_NAMES[index]!
      if (name !== OTHER_NAME) fields.field(name, STATIC_VALUES[index]!)
      return true
    }
    const name = this.table.nameAt(index - STATIC_LENGTH)
    if (name === UNKNOWN_NAME) fields.unknown()
    else if (name !== OTHER_NAME) fields.field(name, this.table.valueAt(index - STATIC_LENGTH))
    return true
  }

  #readLiteral(block: Uint8Array, fields: FieldReceiver, prefixBits: number, isInserted: boolean): boolean {
    const index = readInteger(block, prefixBits)
    if (index < 0) return false
    let name: FieldName
    let nameBytes = 0
    if (index > 0) name = this.#nameAt(index)
    else {
      if (!readString(block)) return false
      name = findName(block, stringBegin, position, isHuffman)
      nameBytes = stringBytes()
    }
    if (!readString(block)) return false
    const value = name > OTHER_NAME ? valueOf(name, block) : ''
    if (value === undefined) return false
    if (isInserted) this.table.insert(name, value, nameBytes + stringBytes())
    if (name === UNKNOWN_NAME) fields.unknown()
    else if (name !== OTHER_NAME) fields.field(name, value)
    return true
  }

  #nameAt(index: number): FieldName {
    return index <= STATIC_LENGTH ? STATIC_NAMES[index]! : this.table.nameAt(index - STATIC_LENGTH)
  }
}

/** §5.1. @returns -1: cut off, or larger than anything that is meant */
function readInteger(block: Uint8Array, prefixBits: number): number {
  const mask = (1 << prefixBits) - 1
  let value = block[position++]! & mask
  if (value < mask) return value
  for (let shift = 0; shift < INTEGER_BITS_MAX && position < limit; shift += 7) {
    const octet = block[position++]!
    value += (octet & 0x7f) * 2 ** shift
    if (octet < 0x80) return value < 2 ** INTEGER_BITS_MAX ? value : -1
  }
  return -1
}

/** §5.2: `block[stringBegin, position)` is it then. False: it is cut off. */
function readString(block: Uint8Array): boolean {
  if (position >= limit) return false
  isHuffman = (block[position]! & 0x80) !== 0
  const length = readInteger(block, 7)
  stringBegin = position
  position += length
  return length >= 0 && position <= limit
}

/** Of the string read last, decoded; from below when that is not known. */
function stringBytes(): number {
  const encodedBytes = position - stringBegin
  return isHuffman ? decodedMinBytes(encodedBytes) : encodedBytes
}

/** The text of the string read last; undefined: it is no Huffman code. */
function valueOf(name: FieldName, block: Uint8Array): string | undefined {
  if (!isHuffman) return textOfValue(name, block, stringBegin, position)
  const maxBytes = decodedMaxBytes(position - stringBegin)
  if (maxBytes > decoded.length) decoded = new Uint8Array(maxBytes * 2)
  const length = decodeHuffman(block, stringBegin, position, decoded)
  return length < 0 ? undefined : textOfValue(name, decoded, 0, length)
}

function textOfValue(name: FieldName, octets: Uint8Array, begin: number, end: number): string {
  return textOf(octets, begin, name === PATH ? findPathEnd(octets, begin, end) : end)
}

/** Secrets live in queries: they go no further, not even into the table. */
function findPathEnd(octets: Uint8Array, at: number, end: number): number {
  while (at < end && octets[at] !== QUESTION_MARK && octets[at] !== HASH) at++
  return at
}
