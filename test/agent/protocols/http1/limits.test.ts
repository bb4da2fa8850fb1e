import test from 'ava'
import { Buffer } from 'node:buffer'
import { REQUEST, RESPONSE, type Exchange } from '../../../../agent/protocols/analyzer.ts'
import { Http1 } from '../../../../agent/protocols/http1/analyzer.ts'
import { OUTSTANDING_MAX } from '../../../../agent/protocols/http1/exchanges.ts'
import { PartialHead } from '../../../../agent/protocols/http1/partial-head.ts'

function start(side: 'server' | 'client' = 'server') {
  const exchanges: Exchange[] = []
  const analyzer = new Http1((exchange) => exchanges.push(exchange), { side, headBytesMax: 8192 })
  let ns = 0
  const bytes = (stream: 0 | 1, text: string) => {
    analyzer.bytes(stream, new Uint8Array(Buffer.from(text)), 0, text.length, (ns += 10), (ns += 10))
  }
  return { exchanges, analyzer, bytes }
}

const get = (path: string | number) => `GET /${path} HTTP/1.1\r\nHost: a\r\n\r\n`
const ok = (body: string) => `HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n${body}`

test('requests without end and without answer are logged, oldest first, and not kept', (t) => {
  const { exchanges, analyzer, bytes } = start()
  for (let i = 0; i < OUTSTANDING_MAX + 3; i++) bytes(REQUEST, get(i))
  t.is(analyzer.pending, OUTSTANDING_MAX)
  t.deepEqual(
    exchanges.map(({ path, incomplete }) => [path, incomplete]),
    ['/0', '/1', '/2'].map((path) => [path, ['response', 'response.headers', 'response.bodyBytes']]),
  )
})

test('responses to requests that were given up go to none of the others', (t) => {
  const { exchanges, analyzer, bytes } = start()
  for (let i = 0; i < OUTSTANDING_MAX + 2; i++) bytes(REQUEST, get(i))
  for (let i = 0; i < OUTSTANDING_MAX + 2; i++) bytes(RESPONSE, ok(`${i}`.repeat(i % 7)))
  t.is(analyzer.pending, 0)
  t.is(exchanges.length, OUTSTANDING_MAX + 2)
  for (const [i, { path, status, responseBodyBytes }] of exchanges.entries()) {
    const expected = i < 2 ? [`/${i}`, 0, 0] : [`/${i}`, 200, `${i}`.length * (i % 7)]
    if (`${path},${status},${responseBodyBytes}` !== expected.join())
      t.deepEqual([path, status, responseBodyBytes], expected)
  }
})

test('responses without requests are not kept either', (t) => {
  const { exchanges, analyzer, bytes } = start('client')
  for (let i = 0; i < 5000; i++) bytes(RESPONSE, ok('x'))
  t.is(analyzer.pending, 1)
  t.is(exchanges.length, 4999)
})

test('a head without end is kept up to the limit', (t) => {
  const head = new PartialHead(1000)
  const piece = new Uint8Array(300).fill(0x41)
  t.deepEqual(
    [1, 2, 3, 4, 5].map(() => head.append(piece, 0, piece.length)),
    [300, 300, 300, 100, 0],
  )
  t.true(head.full)
  t.is(head.bytes.length, 1000)
  head.clear()
  t.is(head.bytes.length, 0)
})

test('pending counts exchanges that have begun, from the first byte of their head on', (t) => {
  const { analyzer, bytes } = start()
  t.is(analyzer.pending, 0)
  bytes(REQUEST, 'GET / HT')
  t.is(analyzer.pending, 1)
  bytes(REQUEST, 'TP/1.1\r\nHost: a\r\n\r\n')
  t.is(analyzer.pending, 1)
  bytes(RESPONSE, ok('x').slice(0, -1))
  t.is(analyzer.pending, 1)
  bytes(RESPONSE, 'x')
  t.is(analyzer.pending, 0)
})

test('a connection on which nothing is ever understood is no HTTP', (t) => {
  const { analyzer, bytes } = start()
  for (let i = 0; i < 1000 && !analyzer.tunnel; i++) bytes(i % 2 === 0 ? REQUEST : RESPONSE, `\x00${i}`)
  t.true(analyzer.tunnel)
})

test('a connection on which something was understood once is given another chance for ever', (t) => {
  const { analyzer, exchanges, bytes } = start()
  bytes(REQUEST, get('first'))
  bytes(RESPONSE, ok(''))
  for (let i = 0; i < 1000; i++) bytes(i % 2 === 0 ? REQUEST : RESPONSE, `\x00${i}`)
  t.false(analyzer.tunnel)
  bytes(REQUEST, get('second'))
  bytes(RESPONSE, ok('x'))
  t.like(exchanges.at(-1), { path: '/second', status: 200, responseBodyBytes: 1, incomplete: [] })
})
