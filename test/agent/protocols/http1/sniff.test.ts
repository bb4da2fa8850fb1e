import test from 'ava'
import { Buffer } from 'node:buffer'
import { REQUEST, RESPONSE, type Verdict } from '../../../../agent/protocols/analyzer.ts'
import {
  isUnmistakableRequest,
  looksLikeRequest,
  looksLikeResponse,
} from '../../../../agent/protocols/http1/sniff.ts'
import { detect } from '../../../../agent/protocols/list.ts'

const octets = (text: string) => new Uint8Array(Buffer.from(text, 'latin1'))

const requests: [begins: string, verdict: Verdict][] = [
  ['GET / HTTP/1.1\r\n', 'yes'],
  ['GET / HTTP/1.0\n', 'yes'],
  ['\r\n\r\nGET / HTTP/1.1\r\n', 'yes'],
  ['GET /long/path/that/goes/on', 'yes'],
  ['GET http://a/', 'yes'],
  ['OPTIONS * ', 'yes'],
  ['PROPFIND /dav HTTP/1.1\r\n', 'yes'],
  ['PROPFIND /dav', 'partial'],
  ['CONNECT a:443', 'partial'],
  ['CONNECT a:443 HTTP/1.1\r\n', 'yes'],
  ['G', 'partial'],
  ['GET', 'partial'],
  ['GET ', 'partial'],
  ['\r', 'partial'],
  ['word', 'partial'],
  ['GET /\r\n', 'no'],
  ['GET / HTTP/2.0\r\n', 'no'],
  ['PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'no'],
  ['DESCRIBE rtsp://a RTSP/1.0\r\n', 'no'],
  ['EHLO mail.example\r\n', 'no'],
  ['*1\r\n$4\r\nPING\r\n', 'no'],
  ['GET \x00\x01', 'no'],
  ['\x16\x03\x01\x02\x00', 'no'],
  ['{"a": 1}', 'no'],
  [' GET / HTTP/1.1\r\n', 'no'],
  [`${'A'.repeat(25)} / HTTP/1.1\r\n`, 'no'],
]

for (const [begins, verdict] of requests) {
  test(`as a request, ${JSON.stringify(begins)} gets ${verdict}`, (t) => {
    t.is(looksLikeRequest(octets(begins), 0, begins.length), verdict)
  })
}

const responses: [begins: string, verdict: Verdict][] = [
  ['HTTP/1.1 200 OK\r\n', 'yes'],
  ['HTTP/1.0 404 ', 'yes'],
  ['HTTP/1.1 200\r', 'yes'],
  ['HTTP/1.1 200\n', 'yes'],
  ['\r\nHTTP/1.1 200 OK', 'yes'],
  ['H', 'partial'],
  ['HTTP/1.1', 'partial'],
  ['HTTP/1.1 200', 'partial'],
  ['HTTP/2 200 OK\r\n', 'no'],
  ['HTTP/1.1 20 OK\r\n', 'no'],
  ['HTTP/1.1 2000 OK\r\n', 'no'],
  ['HTTP/1.1 099 OK\r\n', 'no'],
  ['HTTP/1.x', 'no'],
  ['http/1.1 200 OK\r\n', 'no'],
  ['RTSP/1.0 200 OK\r\n', 'no'],
  ['220 mail.example ESMTP\r\n', 'no'],
]

for (const [begins, verdict] of responses) {
  test(`as a response, ${JSON.stringify(begins)} gets ${verdict}`, (t) => {
    t.is(looksLikeResponse(octets(begins), 0, begins.length), verdict)
  })
}

test('a verdict comes from the bytes given and from none around them', (t) => {
  const chunk = octets('xxGET / HTTP/1.1\r\nHTTP/1.1 200 OK\r\n')
  t.is(looksLikeRequest(chunk, 2, 4), 'partial')
  t.is(looksLikeRequest(chunk, 2, 18), 'yes')
  t.is(looksLikeResponse(chunk, 18, 30), 'partial')
  t.is(looksLikeResponse(chunk, 18, 31), 'yes')
})

test('only a well-known method is unmistakable', (t) => {
  const judge = (begins: string) => isUnmistakableRequest(octets(begins), 0, begins.length)
  t.true(judge('POST /x HTTP/1.1\r\n'))
  t.true(judge('PUT /'))
  t.false(judge('ST / HTTP/1.1\r\n'))
  t.false(judge('PUT'))
})

test('detect tells protocol and direction, or that it cannot tell yet, or that no protocol fits', (t) => {
  const streamOf = (begins: string) => detect(octets(begins), 0, begins.length)?.stream
  t.is(streamOf('GET / HTTP/1.1\r\n'), REQUEST)
  t.is(streamOf('HTTP/1.1 200 OK\r\n'), RESPONSE)
  t.not(detect(octets('HT'), 0, 2), undefined)
  t.is(streamOf('HT'), undefined)
  t.is(detect(octets('\x16\x03\x01'), 0, 3), undefined)
})
