import test from 'ava'
import { RawClient, get } from './harness/raw-client.ts'
import { type Row, serverLogs } from './harness/rows.ts'
import { expectRows, observe } from './harness/scenario.ts'
import { ScriptServer } from './harness/script-server.ts'

interface Exchange {
  request: string
  /** Writes that make the answer, latin1. */
  parts: string[]
  close?: boolean
  requestBodyBytes?: number
  expected: Omit<Row, 'path' | 'method'> & { method?: string }
}

const OK = 'HTTP/1.1 200 OK\r\n'
const CHUNKED = `${OK}Transfer-Encoding: chunked\r\n\r\n`

/** Answers that real servers rarely give and every client must understand. */
const EXCHANGES: Record<string, Exchange> = {
  'chunk extensions and trailers': {
    request: get('/x'),
    parts: [CHUNKED, '5;name="v; w"\r\nhello\r\n', '0;last\r\nX-Sum: 1\r\nX-More: 2\r\n\r\n'],
    expected: { status: 200, responseBodyBytes: 5 },
  },
  'chunk sizes with leading zeros and in upper case': {
    request: get('/x'),
    parts: [CHUNKED, `000A\r\n${'x'.repeat(10)}\r\n`, '00\r\n\r\n'],
    expected: { status: 200, responseBodyBytes: 10 },
  },
  'each byte of a chunked answer in a write of its own': {
    request: get('/x'),
    parts: [...`${CHUNKED}3\r\nabc\r\n10\r\n${'y'.repeat(16)}\r\n0\r\n\r\n`],
    expected: { status: 200, responseBodyBytes: 19 },
  },
  'a body that ends with the connection': {
    request: get('/x'),
    parts: [`${OK}\r\n`, 'a'.repeat(20_000), 'b'.repeat(5)],
    close: true,
    expected: { status: 200, responseBodyBytes: 20_005 },
  },
  'several interim heads before the answer': {
    request: get('/x'),
    parts: [
      'HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 103 Early Hints\r\n\r\n',
      `${OK}Content-Length: 2\r\n\r\nok`,
    ],
    expected: { status: 200, responseBodyBytes: 2 },
  },
  'a folded header line and bare line feeds': {
    request: get('/x').replaceAll('\r\n', '\n'),
    parts: ['HTTP/1.1 200 OK\nX-Folded: a\n b\nContent-Length: 3\n\nabc'],
    expected: { status: 200, responseBodyBytes: 3 },
  },
  'a status line without a reason': {
    request: get('/x'),
    parts: ['HTTP/1.1 299 \r\nContent-Length: 1\r\n\r\nz'],
    expected: { status: 299, responseBodyBytes: 1 },
  },
  'HTTP/1.0 with keep-alive': {
    request: 'GET /x HTTP/1.0\r\nConnection: keep-alive\r\n\r\n',
    parts: ['HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 4\r\n\r\nkeep'],
    expected: { status: 200, responseBodyBytes: 4 },
  },
  'a request body and an answer in one write each': {
    request: 'POST /x HTTP/1.1\r\nHost: e2e\r\nContent-Length: 11\r\n\r\nhello world',
    parts: [`${OK}Content-Length: 0\r\n\r\n`],
    requestBodyBytes: 11,
    expected: { method: 'POST', status: 200, responseBodyBytes: 0, requestBodyBytes: 11 },
  },
  'a head of 7 KB, nearly all that is captured of one message, then a body': {
    request: get('/x'),
    parts: [`${OK}Content-Length: 6\r\nX-Long: ${'l'.repeat(7000)}\r\n\r\n`, 'abcdef'],
    expected: { status: 200, responseBodyBytes: 6 },
  },
}

for (const [name, { request, parts, close, requestBodyBytes = 0, expected }] of Object.entries(EXCHANGES)) {
  test.serial(name, async (t) => {
    const server = await ScriptServer.raw({
      '/x': { parts, close: close ?? false, bodyBytes: requestBodyBytes },
      '/after': { parts: [`${OK}Content-Length: 5\r\nConnection: close\r\n\r\nafter`], close: true },
    })
    t.teardown(() => server.stop())
    const { logs } = await observe(t, server.pids, async () => {
      const client = await RawClient.connect(server.port)
      t.teardown(() => client.destroy())
      await client.write(request)
      await client.receives(/[^]/g, parts.join('').length)
      if (!close) await client.write(get('/after'))
      await client.close()
    })
    const row = { method: 'GET', ...expected, path: '/x' }
    const after = { method: 'GET', path: '/after', status: 200, responseBodyBytes: 5, requestBodyBytes: 0 }
    expectRows(t, close ? [row] : [row, after], serverLogs(logs, server.port))
  })
}

/** What a server that writes all heads alike sends: the length stands where it stood, the head ends where it ended. */
const padded = (body: string): string =>
  `${OK}X-Pad: ${'p'.repeat(60)}\r\nContent-Length: ${body.length}\r\n\r\n${body}`

/** The whole answer `padded` of ten bytes, as the body of a message with a shorter head. */
function disguised(): { answer: string; bodyBytes: number } {
  const likeness = padded('x'.repeat(10))
  const head = `${OK}Content-Length: 000\r\n\r\n`
  const bodyBytes = likeness.length - head.length
  return { answer: head.replace('000', String(bodyBytes)) + likeness.slice(head.length), bodyBytes }
}

test.serial(
  'heads alike one after the other, then others, and a body that looks like the end of one',
  async (t) => {
    const { answer, bodyBytes } = disguised()
    const answers: [string, number][] = [
      [padded('a'.repeat(10)), 10],
      [padded('b'.repeat(99)), 99],
      [padded('c'.repeat(700)), 700],
      [padded('d'.repeat(10)), 10],
      [answer, bodyBytes],
      [`${CHUNKED}5\r\nhello\r\n0\r\n\r\n`, 5],
      [padded(''), 0],
    ]
    const path = (i: number): string => `/${i}`
    const server = await ScriptServer.raw(
      Object.fromEntries(answers.map(([text], i) => [path(i), { parts: [text] }])),
    )
    t.teardown(() => server.stop())
    const { logs } = await observe(t, server.pids, async () => {
      const client = await RawClient.connect(server.port)
      t.teardown(() => client.destroy())
      let receivedBytes = 0
      for (const [i, [text]] of answers.entries()) {
        await client.write(get(path(i)))
        await client.receives(/[^]/g, (receivedBytes += text.length))
      }
      await client.close()
    })
    const rows = answers.map(([, responseBodyBytes], i) => ({
      method: 'GET',
      path: path(i),
      status: 200,
      responseBodyBytes,
    }))
    expectRows(t, rows, serverLogs(logs, server.port))
  },
)
