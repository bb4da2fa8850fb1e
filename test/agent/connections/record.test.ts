import test from 'ava'
import fc from 'fast-check'
import { RecordCursor } from '../../../agent/connections/record.ts'

/** A cursor at byte 8 of a batch that begins in the middle of its memory. */
function cursorAt8(fill: (view: DataView) => void): RecordCursor {
  const memory = new Uint8Array(64)
  const batch = memory.subarray(16)
  fill(new DataView(batch.buffer, batch.byteOffset))
  const cursor = new RecordCursor(batch)
  cursor.at = 8
  return cursor
}

test('numbers are little-endian and relative to the record', (t) => {
  const cursor = cursorAt8((view) => {
    view.setUint32(8, 0x89abcdef, true)
    view.setBigUint64(16, 0x0012_3456_789a_bcden, true)
  })
  t.is(cursor.u8(0), 0xef)
  t.is(cursor.u16(0), 0xcdef)
  t.is(cursor.u32(0), 0x89abcdef)
  t.is(cursor.i32(0), 0x89abcdef | 0)
  t.is(cursor.u64(8), 0x12_3456_789a_bcde)
  t.is(cursor.bigU64(8), 0x12_3456_789a_bcden)
})

test('a u64 is exact up to 2^53, and the nearest double above', (t) => {
  fc.assert(
    fc.property(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), (value) => {
      const cursor = cursorAt8((view) => view.setBigUint64(8, value, true))
      t.is(cursor.u64(0), Number(value))
      t.is(cursor.bigU64(0), value)
    }),
  )
})

for (const [sentence, bytes, text] of [
  ['ends at its NUL', [0x61, 0x62, 0, 0x63], 'ab'],
  ['may fill its field', [0x61, 0x62, 0x63, 0x64], 'abcd'],
  ['may be empty', [0, 0x61, 0x62, 0x63], ''],
  ['is UTF-8', [0xc3, 0xa9, 0, 0], 'é'],
  ['keeps a place for what is not', [0xff, 0x61, 0, 0], '�a'],
] as const) {
  test(`text ${sentence}`, (t) => {
    const cursor = cursorAt8((view) => bytes.forEach((byte, i) => view.setUint8(8 + i, byte)))
    t.is(cursor.text(0, 4), text)
  })
}
