import test from 'ava'
import { HpackDecoder } from '../../../../agent/protocols/hpack/decoder.ts'
import { DynamicTable, TABLE_BYTES_MAX } from '../../../../agent/protocols/hpack/dynamic-table.ts'
import { decodeHuffman, encodeHuffman } from '../../../../agent/protocols/hpack/huffman.ts'
import { PATH } from '../../../../agent/protocols/hpack/names.ts'
import { blockOf } from '../http2/wire.ts'
import { decode, hex } from './fields.ts'

const MALFORMED: Record<string, string> = {
  'index zero': '80',
  'an index that never ends': 'ff ff ff ff ff ff ff ff ff ff',
  'an index that is cut off': 'ff',
  'a size that is cut off': '3f',
  'a literal without a name': '00',
  'a literal without a value': '04',
  'a name that goes on beyond the block': '00 05 61 62',
  'a value that goes on beyond the block': '04 05 2f 62',
  'a length that goes on beyond the block': '04 7f ff',
  'a length that no block has': '04 7f ff ff ff ff 7f',
  'Huffman padding of eight bits': '04 82 f8 ff',
  'Huffman padding that is not ones': '04 81 18',
  'the code for the end of string': '04 84 ff ff ff ff',
}

for (const [name, block] of Object.entries(MALFORMED)) {
  test(`${name} is malformed`, (t) => {
    t.deepEqual(decode(new HpackDecoder(), hex(block)).at(-1), ['malformed', ''])
  })
}

test('every octet has its Huffman code', (t) => {
  const octets = Uint8Array.from({ length: 256 }, (_, i) => i)
  const decoded = new Uint8Array(1024)
  const encoded = encodeHuffman(octets)
  const length = decodeHuffman(encoded, 0, encoded.length, decoded)
  t.deepEqual(decoded.subarray(0, length), octets)
})

test('a reference beyond what was inserted is unknown, however far', (t) => {
  const decoder = new HpackDecoder()
  decode(decoder, new Uint8Array(blockOf('+:path=/a')))
  t.deepEqual(decode(decoder, new Uint8Array(blockOf('#62 #63 #9999'))), [
    [':path', '/a'],
    ['?', ''],
    ['?', ''],
  ])
})

test('what is forgotten is unknown', (t) => {
  const decoder = new HpackDecoder()
  decode(decoder, new Uint8Array(blockOf('+:path=/a')))
  decoder.table.forget()
  t.deepEqual(decode(decoder, new Uint8Array(blockOf('#62 +:path=/b #62'))), [
    ['?', ''],
    [':path', '/b'],
    [':path', '/b'],
  ])
})

test('a table that grows as large as it may holds no more than its bytes', (t) => {
  const table = new DynamicTable()
  table.allow(2 ** 30)
  for (let i = 0; i < 10_000; i++) table.insert(PATH, `/${i}`, 10)
  t.is(table.length, Math.floor(TABLE_BYTES_MAX / 42))
  t.is(table.valueAt(1), '/9999')
  t.is(table.valueAt(table.length), `/${10_000 - table.length}`)
})

test('an entry larger than the table leaves at the next one', (t) => {
  const table = new DynamicTable()
  table.insert(PATH, 'large', 5000)
  table.insert(PATH, 'small', 5)
  t.is(table.length, 1)
  t.is(table.valueAt(1), 'small')
})
