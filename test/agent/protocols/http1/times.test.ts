import test from 'ava'
import { Buffer } from 'node:buffer'
import { REQUEST, RESPONSE, type Exchange, type StreamName } from '../../../../agent/protocols/analyzer.ts'
import { Http1 } from '../../../../agent/protocols/http1/analyzer.ts'

type Side = 'server' | 'client'
/** stream, bytes or the length of a gap, entry and return of the call */
type Call = [stream: StreamName, what: string | number, startNs: number, endNs: number]

function exchangesOf(side: Side, calls: Call[], closeNs?: number): Exchange[] {
  const exchanges: Exchange[] = []
  const analyzer = new Http1((exchange) => exchanges.push(exchange), { side, headBytesMax: 8192 })
  for (const [stream, what, startNs, endNs] of calls) {
    if (typeof what === 'number') analyzer.gap(stream, what, startNs, endNs)
    else analyzer.bytes(stream, new Uint8Array(Buffer.from(what)), 0, what.length, startNs, endNs)
  }
  if (closeNs !== undefined) analyzer.close(closeNs)
  return exchanges
}

const times = (exchanges: Exchange[]) => exchanges.map(({ startNs, endNs }) => [startNs, endNs])

const get = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n'
const head = 'HEAD / HTTP/1.1\r\nHost: a\r\n\r\n'
const post = 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\n'
const noContent = 'HTTP/1.1 204 No Content\r\n\r\n'
const okWith4 = 'HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n'

const rows: [
  sentence: string,
  side: Side,
  calls: Call[],
  closeNs: number | undefined,
  expected: number[][],
][] = [
  [
    'a server has a request when the read that waited for it returns',
    'server',
    [
      [REQUEST, get, 100, 900],
      [RESPONSE, noContent, 1000, 1010],
    ],
    undefined,
    [[900, 1010]],
  ],
  [
    'a client sends a request when it enters the write',
    'client',
    [
      [REQUEST, get, 100, 150],
      [RESPONSE, noContent, 200, 1010],
    ],
    undefined,
    [[100, 1010]],
  ],
  [
    'a request begins with its first byte, and empty lines before it are not its',
    'server',
    [
      [REQUEST, '\r\n', 0, 50],
      [REQUEST, 'G', 60, 100],
      [REQUEST, get.slice(1), 110, 200],
      [RESPONSE, noContent, 210, 220],
    ],
    undefined,
    [[100, 220]],
  ],
  [
    'a response ends with its last byte, captured or not',
    'server',
    [
      [REQUEST, get, 0, 100],
      [RESPONSE, okWith4, 110, 120],
      [RESPONSE, 'ab', 130, 140],
      [RESPONSE, 2, 150, 160],
    ],
    undefined,
    [[100, 160]],
  ],
  [
    'a request that ends after its response ends the exchange',
    'server',
    [
      [REQUEST, post, 0, 100],
      [RESPONSE, noContent, 110, 120],
      [REQUEST, 'abcd', 130, 500],
    ],
    undefined,
    [[100, 500]],
  ],
  [
    'a close-delimited response ends with its last byte, not with the close',
    'server',
    [
      [REQUEST, get, 0, 100],
      [RESPONSE, 'HTTP/1.1 200 OK\r\n\r\nabc', 110, 120],
    ],
    9000,
    [[100, 120]],
  ],
  [
    'an exchange without a response ends with the connection',
    'server',
    [[REQUEST, get, 0, 100]],
    9000,
    [[100, 9000]],
  ],
  [
    'pipelined requests of one call begin together and end one after the other',
    'server',
    [
      [REQUEST, get + get, 0, 100],
      [RESPONSE, noContent, 110, 120],
      [RESPONSE, noContent, 130, 140],
    ],
    undefined,
    [
      [100, 120],
      [100, 140],
    ],
  ],
  [
    'a response whose end was lost ends with its last byte, not with the request that shows it',
    'server',
    [
      [REQUEST, get, 0, 100],
      [RESPONSE, 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n', 110, 120],
      [RESPONSE, 5000, 130, 140],
      [REQUEST, get, 150, 7000],
      [RESPONSE, noContent, 7010, 7020],
    ],
    undefined,
    [
      [100, 140],
      [7000, 7020],
    ],
  ],
  [
    'a response that was lost altogether still tells when the exchange ended',
    'server',
    [
      [REQUEST, get, 0, 100],
      [RESPONSE, 300, 110, 120],
      [REQUEST, get, 150, 7000],
      [RESPONSE, noContent, 7010, 7020],
    ],
    undefined,
    [
      [100, 120],
      [7000, 7020],
    ],
  ],
  [
    'a lost request began when the first of its bytes passed',
    'server',
    [
      [REQUEST, 300, 0, 100],
      [REQUEST, 300, 102, 104],
      [RESPONSE, noContent, 110, 120],
    ],
    undefined,
    [[100, 120]],
  ],
  [
    'a response to nothing begins with itself',
    'server',
    [[RESPONSE, noContent, 110, 120]],
    undefined,
    [[110, 120]],
  ],
]

for (const [sentence, side, calls, closeNs, expected] of rows) {
  test(sentence, (t) => {
    t.deepEqual(times(exchangesOf(side, calls, closeNs)), expected)
  })
}

test('on the client side a response read before the write of its request returns finds its request', (t) => {
  const exchanges = exchangesOf('client', [
    [RESPONSE, okWith4 + 'abcd', 105, 300],
    [REQUEST, get, 100, 310],
    [REQUEST, get, 400, 420],
    [RESPONSE, noContent, 430, 440],
  ])
  t.deepEqual(times(exchanges), [
    [100, 310],
    [400, 440],
  ])
  t.like(exchanges[0], { method: 'GET', status: 200, responseBodyBytes: 4, incomplete: [] })
})

test('the response to a HEAD, read before the write returns, turns out to have no body', (t) => {
  const exchanges = exchangesOf('client', [
    [RESPONSE, okWith4, 105, 300],
    [REQUEST, head, 100, 310],
    [REQUEST, get, 400, 420],
    [RESPONSE, noContent, 430, 440],
  ])
  t.like(exchanges[0], { method: 'HEAD', status: 200, responseBodyBytes: 0, incomplete: [] })
  t.like(exchanges[1], { method: 'GET', status: 204, incomplete: [] })
})

test('on the server side the next request never takes a response that came before it', (t) => {
  const exchanges = exchangesOf('server', [
    [RESPONSE, noContent, 100, 300],
    [REQUEST, get, 50, 310],
    [RESPONSE, noContent, 430, 440],
  ])
  t.deepEqual(
    exchanges.map(({ method }) => method),
    ['', 'GET'],
  )
})
