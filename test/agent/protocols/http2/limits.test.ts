import test from 'ava'
import { REQUEST, RESPONSE, type Exchange, type StreamName } from '../../../../agent/protocols/analyzer.ts'
import { Http2 } from '../../../../agent/protocols/http2/analyzer.ts'
import { BLOCK_BYTES_MAX } from '../../../../agent/protocols/http2/blocks.ts'
import { STREAMS_MAX } from '../../../../agent/protocols/http2/streams.ts'
import { frameOf } from './wire.ts'

function start(isComplete = true) {
  const exchanges: Exchange[] = []
  const analyzer = new Http2((exchange) => exchanges.push(exchange), { side: 'server', isComplete })
  let ns = 0
  const raw = (stream: StreamName, bytes: Uint8Array) =>
    analyzer.bytes(stream, new Uint8Array(bytes), 0, bytes.length, (ns += 10), (ns += 10))
  const send = (stream: StreamName, ...frames: string[]) => {
    for (const frame of frames) raw(stream, frameOf(frame))
  }
  return { exchanges, analyzer, raw, send }
}

test('of more open streams than are kept the oldest are logged, as far as they are known', (t) => {
  const { exchanges, analyzer, send } = start()
  for (let i = 0; i < STREAMS_MAX + 3; i++) send(REQUEST, `HEADERS ${2 * i + 1} END_STREAM : #2 :path=/${i}`)
  t.is(analyzer.pending, STREAMS_MAX)
  t.deepEqual(
    exchanges.map(({ path, incomplete }) => [path, incomplete]),
    ['/0', '/1', '/2'].map((path) => [path, ['response', 'response.headers', 'response.bodyBytes']]),
  )
  send(RESPONSE, 'HEADERS 1 END_STREAM : #8') // given up already: nobody's
  t.is(exchanges.length, 3)
})

test('a block that never ends is counted, and not kept', (t) => {
  const { exchanges, analyzer, send } = start()
  const filler = `x={a*16000}`
  send(REQUEST, `HEADERS 1 END_STREAM more : #2 #4`)
  for (let i = 0; i < 1000; i++) send(REQUEST, `CONTINUATION 1 : ${filler}`)
  t.is(analyzer.pending, 0)
  send(REQUEST, 'CONTINUATION 1 END_HEADERS : #4', 'HEADERS 3 END_STREAM : #2 #4')
  send(RESPONSE, 'HEADERS 1 END_STREAM : #8', 'HEADERS 3 END_STREAM : #8')
  const [large, next] = exchanges
  t.true((large?.requestHeaderBytes ?? 0) > 1000 * 16_000 && 16_000_000 > BLOCK_BYTES_MAX)
  t.deepEqual(large?.incomplete, ['request', 'request.headers'])
  t.deepEqual([next?.path, next?.incomplete], ['/', []])
})

test('a block of few bytes that stands for very many is what it is on the wire', (t) => {
  const { exchanges, send } = start()
  send(REQUEST, 'HEADERS 1 END_STREAM : #2 #4 +host={b*3000}')
  send(REQUEST, `HEADERS 3 END_STREAM : #2 #4 ${'#62 '.repeat(10_000)}`)
  send(RESPONSE, 'HEADERS 1 END_STREAM : #8', 'HEADERS 3 END_STREAM : #8')
  t.is(exchanges[1]?.requestHeaderBytes, 10_002)
  t.is(exchanges[1]?.host, 'b'.repeat(3000))
})

test('streams that were open when frames were lost are logged when many others have ended', (t) => {
  const { exchanges, analyzer, send } = start()
  send(REQUEST, 'HEADERS 1 END_STREAM : #2 :path=/lost')
  analyzer.gap(RESPONSE, 10, 1000, 1010)
  for (let id = 3; id < 1003; id += 2) {
    send(REQUEST, `HEADERS ${id} END_STREAM : #2 #4`)
    send(RESPONSE, `HEADERS ${id} END_STREAM : #8`)
  }
  t.is(analyzer.pending, 0)
  const lost = exchanges.find(({ path }) => path === '/lost')
  t.deepEqual(lost?.incomplete, ['response', 'response.headers', 'response.bodyBytes'])
})

test('what never looks like a frame is given up', (t) => {
  const { analyzer, raw } = start(false)
  for (let i = 0; i < 63; i++) raw(REQUEST, Buffer.from('not a frame at all'))
  t.false(analyzer.tunnel)
  raw(REQUEST, Buffer.from('not a frame at all'))
  t.true(analyzer.tunnel)
})

/** A second frame that makes the bytes no HTTP/2; the next call begins with one. */
const BROKEN: Record<string, string> = {
  'a frame between the parts of a block': 'HEADERS 3 more : #2 ; DATA 3 1',
  'CONTINUATION of nothing': 'CONTINUATION 3 END_HEADERS : #2',
  'CONTINUATION of another stream': 'HEADERS 3 more : #2 ; CONTINUATION 5 END_HEADERS : #4',
  'PING of seven bytes': 'HEX 00000706000000000000000000000000',
  'SETTINGS of a stream': 'HEX 000000040000000001',
  'DATA of no stream': 'HEX 000000000000000000',
  'padding longer than the frame': 'HEX 000002010c000000050900',
  'a reserved bit': 'HEX 000004080080000003 00000001',
}

for (const [name, frames] of Object.entries(BROKEN)) {
  test(`${name}: nothing is understood until a call begins with a frame`, (t) => {
    const { exchanges, raw, send } = start()
    const bytes = Buffer.concat([...frames.split(' ; ').map(frameOf), Buffer.from('and more')])
    send(REQUEST, 'HEADERS 1 END_STREAM : #2 +:path=/1')
    raw(REQUEST, bytes)
    send(REQUEST, 'HEADERS 7 END_STREAM : #2 #62')
    send(REQUEST, 'HEADERS 9 END_STREAM : #2 #4')
    for (const id of [1, 7, 9]) send(RESPONSE, `HEADERS ${id} END_STREAM : #8`)
    t.deepEqual(
      exchanges.map(({ path, incomplete }) => [path, incomplete]),
      [
        ['/1', []],
        ['', ['request', 'request.headers']],
        ['/', []],
      ],
    )
  })
}
