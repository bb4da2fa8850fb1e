import { Buffer } from 'node:buffer'
import test from 'ava'
import { REQUEST, RESPONSE } from '../../../../agent/protocols/analyzer.ts'
import { Http1 } from '../../../../agent/protocols/http1/analyzer.ts'
import { Http2 } from '../../../../agent/protocols/http2/analyzer.ts'
import { detect, detectFramed } from '../../../../agent/protocols/list.ts'
import { frameOf } from './wire.ts'

const OPTIONS = { headBytesMax: 8192, side: 'server', isComplete: false } as const

const framesOf = (text: string) => new Uint8Array(Buffer.concat(text.split(' ; ').map(frameOf)))

/** First bytes of a connection; `detect` says which protocol they are of, and which stream. */
const HTTP2: Record<string, [bytes: Uint8Array, stream: 0 | 1 | undefined]> = {
  'the preface': [framesOf('PREFACE'), REQUEST],
  'the preface with frames behind it': [framesOf('PREFACE ; SETTINGS 3=100 ; HEADERS 1 : #2 #4'), REQUEST],
  'a part of the preface': [framesOf('PREFACE').subarray(0, 10), undefined],
  'SETTINGS of a server': [framesOf('SETTINGS 3=100 ; SETTINGS ACK'), undefined],
  'a request in the middle': [framesOf('HEADERS 101 END_STREAM : #2 #4 #70'), REQUEST],
  'a request with priority': [framesOf('HEADERS 101 END_STREAM PRIORITY : #3 #4'), REQUEST],
  'a response in the middle': [framesOf('HEADERS 101 : #8 ; DATA 101 END_STREAM 5'), RESPONSE],
  'a response whose status is a literal': [
    framesOf('HEADERS 101 : #8=418 ; DATA 101 END_STREAM 5'),
    RESPONSE,
  ],
  'frames of which nothing is known': [framesOf('HEADERS 101 : #70 #71'), undefined],
}

for (const [name, [bytes, stream]] of Object.entries(HTTP2)) {
  test(`${name}: HTTP/2`, (t) => {
    const found = detect(bytes, 0, bytes.length)
    t.is(found?.stream, stream)
    t.true(found?.create(() => {}, OPTIONS) instanceof Http2)
  })
}

test('a call of which the kernel says that it is frames is HTTP/2, whatever it begins with', (t) => {
  const bytes = framesOf('WINDOW_UPDATE 0 ; HEADERS 3 : #8')
  const found = detectFramed(bytes, 0, bytes.length)
  t.is(found.stream, RESPONSE)
  t.true(found.create(() => {}, OPTIONS) instanceof Http2)
})

const OTHERS: Record<string, Uint8Array> = {
  'a method that begins like the preface': Buffer.from('PRI'),
  'a request of HTTP/1': Buffer.from('PROPFIND / HTTP/1.1\r\nHost: a\r\n\r\n'),
  'a response of HTTP/1': Buffer.from('HTTP/1.1 200 OK\r\n\r\n'),
}

for (const [name, bytes] of Object.entries(OTHERS)) {
  test(`${name}: HTTP/1`, (t) => {
    t.true(detect(new Uint8Array(bytes), 0, bytes.length)?.create(() => {}, OPTIONS) instanceof Http1)
  })
}

const NOTHING: Record<string, string> = {
  'a TLS hello': '16030100c8010000c40303',
  'a query of MySQL': '0f00000003534554204e414d455320757466',
  'a start of PostgreSQL': '0000002c00030000757365720070',
  'a request of Kafka': '0000002300120003000000010006',
  'nine zeros': '000000000000000000',
  'an empty SETTINGS alone': '000000040000000000',
}

for (const [name, hex] of Object.entries(NOTHING)) {
  test(`${name}: neither`, (t) => {
    const bytes = new Uint8Array(Buffer.from(hex, 'hex'))
    t.is(detect(bytes, 0, bytes.length), undefined)
  })
}
