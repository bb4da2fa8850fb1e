/**
 * Frames and header blocks in words, as the fixtures write them, to bytes.
 *
 * A frame is `NAME STREAM FLAGS... REST`. Fields of a block stand after a colon, each literal unless marked:
 * `:path=/a` is not indexed, `+host=a` is inserted, `#62` an index, `+#62=b` and `#62=b` a literal whose name is an index,
 * `~` before a literal makes its strings Huffman codes, `%100` a new size of the table.
 */
import { Buffer } from 'node:buffer'
import { encodeHuffman } from '../../../../agent/protocols/hpack/huffman.ts'
import { FRAME_HEADER_BYTES, PREFACE } from '../../../../agent/protocols/http2/frame.ts'

const TYPES: Record<string, number> = {
  DATA: 0,
  HEADERS: 1,
  PRIORITY: 2,
  RST_STREAM: 3,
  SETTINGS: 4,
  PUSH_PROMISE: 5,
  PING: 6,
  GOAWAY: 7,
  WINDOW_UPDATE: 8,
  CONTINUATION: 9,
}
const FLAGS: Record<string, number> = { END_STREAM: 1, ACK: 1, END_HEADERS: 4 }

export function frame(type: number, flags: number, streamId: number, payload: Uint8Array): Buffer {
  const bytes = Buffer.alloc(FRAME_HEADER_BYTES + payload.length)
  bytes.writeUIntBE(payload.length, 0, 3)
  bytes[3] = type
  bytes[4] = flags
  bytes.writeUInt32BE(streamId, 5)
  bytes.set(payload, FRAME_HEADER_BYTES)
  return bytes
}

/** `PREFACE`, `HEX 00ff`, `SETTINGS 1=100`, `HEADERS 1 END_STREAM : :method=GET`, `DATA 1 600`, `GOAWAY 0 last=3`. */
export function frameOf(text: string): Buffer {
  const [head, fields] = splitOnce(text, ' : ')
  const [name = '', ...words] = head.trim().split(' ')
  if (name === 'PREFACE') return Buffer.from(PREFACE)
  if (name === 'HEX') return Buffer.from(words.join(''), 'hex')
  const isNumbered = name === 'SETTINGS' || name === 'PING'
  const streamId = isNumbered ? 0 : Number(words.shift())
  const type = TYPES[name] ?? Number(name.replace('TYPE', ''))
  if (Number.isNaN(type) || Number.isNaN(streamId)) throw new Error(`not a frame: ${text}`)
  let flags = 0
  for (const word of words) flags |= FLAGS[word] ?? 0
  const isBlock = name === 'HEADERS' || name === 'PUSH_PROMISE'
  if (isBlock && !words.includes('more')) flags |= FLAGS['END_HEADERS']!
  const body = bodyOf(name, words, fields)
  const padding = Number(valueOf(words, 'padding') ?? -1)
  if (padding < 0) return frame(type, flags | (words.includes('PRIORITY') ? 0x20 : 0), streamId, body)
  const padded = Buffer.concat([Buffer.from([padding]), body, Buffer.alloc(padding)])
  return frame(type, flags | 0x8 | (words.includes('PRIORITY') ? 0x20 : 0), streamId, padded)
}

function bodyOf(name: string, words: readonly string[], fields: string | undefined): Buffer {
  const number = (key: string) => Number(valueOf(words, key) ?? 0)
  switch (name) {
    case 'SETTINGS':
      return Buffer.concat(words.filter((word) => word.includes('=')).map(setting))
    case 'PING':
      return Buffer.alloc(8)
    case 'RST_STREAM':
    case 'WINDOW_UPDATE':
      return u32(number('code'))
    case 'PRIORITY':
      return Buffer.alloc(5)
    case 'GOAWAY':
      return Buffer.concat([u32(number('last')), u32(number('code'))])
    case 'PUSH_PROMISE':
      return Buffer.concat([u32(number('promises')), blockOf(fields ?? '')])
    case 'HEADERS':
    case 'CONTINUATION':
      return Buffer.concat([Buffer.alloc(words.includes('PRIORITY') ? 5 : 0), blockOf(fields ?? '')])
    default:
      return Buffer.alloc(Number(words.find((word) => /^\d+$/.test(word)) ?? 0), 'x')
  }
}

function valueOf(words: readonly string[], key: string): string | undefined {
  return words.find((word) => word.startsWith(`${key}=`))?.slice(key.length + 1)
}

function setting(word: string): Buffer {
  const [id, value] = word.split('=').map(Number)
  return Buffer.concat([Buffer.from([0, id!]), u32(value!)])
}

function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(value)
  return bytes
}

export function blockOf(fields: string): Buffer {
  return Buffer.concat(fields.split(' ').filter(Boolean).map(fieldOf))
}

function fieldOf(text: string): Buffer {
  if (text.startsWith('%')) return integer(0x20, 5, Number(text.slice(1)))
  if (/^#\d+$/.test(text)) return integer(0x80, 7, Number(text.slice(1)))
  const isHuffman = text.startsWith('~')
  const rest = isHuffman ? text.slice(1) : text
  const isInserted = rest.startsWith('+')
  const [name, value] = splitOnce(isInserted ? rest.slice(1) : rest, '=', 1)
  const first = isInserted ? 0x40 : 0
  const prefix = isInserted ? 6 : 4
  const unescaped = (value ?? '').replace(/\{(.+?)\*(\d+)\}/g, (_, unit: string, count: string) =>
    unit.repeat(Number(count)),
  )
  if (name.startsWith('#'))
    return Buffer.concat([integer(first, prefix, Number(name.slice(1))), string(unescaped, isHuffman)])
  return Buffer.concat([Buffer.from([first]), string(name, isHuffman), string(unescaped, isHuffman)])
}

export function string(text: string, isHuffman: boolean): Buffer {
  const octets = Buffer.from(text, 'latin1')
  const bytes = isHuffman ? encodeHuffman(octets) : octets
  return Buffer.concat([integer(isHuffman ? 0x80 : 0, 7, bytes.length), bytes])
}

export function integer(first: number, prefixBits: number, value: number): Buffer {
  const mask = 2 ** prefixBits - 1
  if (value < mask) return Buffer.from([first | value])
  const bytes = [first | mask]
  let rest = value - mask
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 0x80)
  return Buffer.from([...bytes, rest])
}

function splitOnce(text: string, separator: string, from = 0): [string, string | undefined] {
  const at = text.indexOf(separator, from)
  return at < 0 ? [text, undefined] : [text.slice(0, at), text.slice(at + separator.length)]
}
