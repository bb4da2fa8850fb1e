import test from 'ava'
import { Buffer } from 'node:buffer'
import { textOf } from '../../../../agent/protocols/text/text.ts'

const octets = (text: string) => new Uint8Array(Buffer.from(text, 'utf8'))

test('a text is what its bytes say, asked once or twice', (t) => {
  for (const text of ['', 'a', '/api/v1/orders', 'x'.repeat(64), 'x'.repeat(65), '/straße', '€']) {
    const chunk = octets(text)
    t.is(textOf(chunk, 0, chunk.length), text)
    t.is(textOf(chunk, 0, chunk.length), text)
  }
})

test('texts that share a slot do not get mixed up', (t) => {
  for (let i = 0; i < 20_000; i++) {
    const text = `/orders/${(i * 7919) % 20_000}/lines`
    const chunk = octets(text)
    if (textOf(chunk, 0, chunk.length) !== text) t.fail(text)
  }
  t.pass()
})

test('ill-formed UTF-8 is replaced, each time alike', (t) => {
  const chunk = new Uint8Array([0x2f, 0xff, 0xfe])
  t.is(textOf(chunk, 0, 3), '/\ufffd\ufffd')
  t.is(textOf(chunk, 0, 3), '/\ufffd\ufffd')
})

test('a text is cut out of its chunk', (t) => {
  const chunk = octets('..path..').subarray(1)
  t.is(textOf(chunk, 1, 5), 'path')
})
