/** CPU time per exchange of the HTTP/1 analyzer: `node bench/http1.ts [exchanges]`. Prints, never asserts. */
import { Buffer } from 'node:buffer'
import { REQUEST, RESPONSE } from '../agent/protocols/analyzer.ts'
import { Http1 } from '../agent/protocols/http1/analyzer.ts'

interface Traffic {
  name: string
  /** Segments of one exchange as they are captured, in time order; a number is a gap. */
  segments: readonly (readonly [typeof REQUEST | typeof RESPONSE, Uint8Array | number])[]
}

const ROUNDS = 7
const exchanges = Number(process.argv[2] ?? 300_000)

const octets = (...lines: string[]) => new Uint8Array(Buffer.from(lines.join('\r\n')))

const getRequest = octets(
  'GET /api/v1/orders/4711?expand=lines HTTP/1.1',
  'Host: orders.shop.svc:8080',
  'User-Agent: curl/8.5.0',
  'Accept: */*',
  '',
  '',
)
const okResponse = octets(
  'HTTP/1.1 200 OK',
  'Server: nginx/1.22.1',
  'Date: Mon, 24 Nov 2025 08:00:00 GMT',
  'Content-Type: application/json; charset=utf-8',
  'Content-Length: 15',
  'Last-Modified: Mon, 24 Nov 2025 07:00:00 GMT',
  'Connection: keep-alive',
  'ETag: "67420f70-267"',
  'Accept-Ranges: bytes',
  '',
  '{"status":"ok"}',
)
const browserRequest = octets(
  'GET /static/app/main.8f3b2c.js HTTP/1.1',
  'Host: shop.example.com',
  'Connection: keep-alive',
  'sec-ch-ua: "Chromium";v="130", "Not?A_Brand";v="99"',
  'User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0 Safari/537.36',
  'Accept: */*',
  'Accept-Encoding: gzip, deflate, br, zstd',
  'Accept-Language: en-US,en;q=0.9',
  'Referer: https://shop.example.com/',
  `Cookie: session=${'0123456789abcdef'.repeat(16)}`,
  '',
  '',
)
const base64 = (text: string) => Buffer.from(text).toString('base64')
const tracedRequest = octets(
  'POST /api/v1/orders HTTP/1.1',
  'Host: orders.shop.svc:8080',
  'Content-Type: application/json',
  'Content-Length: 15',
  `sw8: 1-${base64('5a1c2d3e4f5061728394a5b6c7d8e9f0.40.1')}-${base64('5a1c2d3e4f5061728394a5b6c7d8e9f0.40.2')}-3-${base64('shop')}-${base64('shop-1')}-${base64('/cart')}-${base64('10.0.0.7:8080')}`,
  '',
  '{"status":"ok"}',
)
const chunkedHead = octets('HTTP/1.1 200 OK', 'Content-Type: text/html', 'Transfer-Encoding: chunked', '', '')
const chunk = octets('400', 'x'.repeat(1024), '')
const largeHead = octets('HTTP/1.1 200 OK', 'Content-Type: video/mp4', 'Content-Length: 10000000', '', '')

const traffic: Traffic[] = [
  {
    name: 'GET, 200 with 15 bytes, keep-alive',
    segments: [
      [REQUEST, getRequest],
      [RESPONSE, okResponse],
    ],
  },
  {
    name: 'GET of a browser, 10 MB by sendfile',
    segments: [
      [REQUEST, browserRequest],
      [RESPONSE, largeHead],
      [RESPONSE, 10_000_000],
    ],
  },
  {
    name: 'POST with sw8, 200',
    segments: [
      [REQUEST, tracedRequest],
      [RESPONSE, okResponse],
    ],
  },
  {
    name: 'GET, 8 captured chunks of 1 KiB',
    segments: [
      [REQUEST, getRequest],
      [RESPONSE, chunkedHead],
      ...Array.from({ length: 8 }, () => [RESPONSE, chunk] as const),
      [RESPONSE, octets('0', '', '')],
    ],
  },
  {
    name: 'GET, 200, every head cut in two',
    segments: [
      [REQUEST, getRequest.subarray(0, 40)],
      [REQUEST, getRequest.subarray(40)],
      [RESPONSE, okResponse.subarray(0, 100)],
      [RESPONSE, okResponse.subarray(100)],
    ],
  },
]

/** Segments lie inside one large batch, as records do. */
function inBatch({ segments }: Traffic) {
  const batch = new Uint8Array(1 << 20)
  let at = 64
  return segments.map(([stream, bytes]) => {
    if (typeof bytes === 'number') return { stream, batch, begin: 0, end: 0, gapBytes: bytes }
    batch.set(bytes, at)
    const begin = at
    at += bytes.length + 88
    return { stream, batch, begin, end: begin + bytes.length, gapBytes: 0 }
  })
}

type Segments = ReturnType<typeof inBatch>

function analyze(segments: Segments, many: number): void {
  let finished = 0
  const http1 = new Http1(() => finished++, { headBytesMax: 8192, side: 'server' })
  let ns = 1
  for (let i = 0; i < many; i++) {
    for (const { stream, batch, begin, end, gapBytes } of segments) {
      if (gapBytes > 0) http1.gap(stream, gapBytes, ns, ns + 1)
      else http1.bytes(stream, batch, begin, end, ns, ns + 1)
      ns += 1000
    }
  }
  if (finished !== many) throw new Error(`${finished} exchanges instead of ${many}`)
}

/** What any reader has to do at least: look at every byte once. Shared machines differ from minute to minute. */
function lookAtBytes(segments: Segments, many: number): void {
  let lines = 0
  for (let i = 0; i < many; i++) {
    for (const { batch, begin, end } of segments) {
      for (let at = begin; at < end; at++) if (batch[at] === 0x0a) lines++
    }
  }
  if (lines === 0) throw new Error('no lines')
}

/** CPU ns per exchange: median and best of the rounds. */
function measure(work: typeof analyze, segments: Segments) {
  const rounds = Array.from({ length: ROUNDS }, () => {
    const begin = process.cpuUsage()
    work(segments, exchanges)
    const { user, system } = process.cpuUsage(begin)
    return ((user + system) * 1000) / exchanges
  }).sort((a, b) => a - b)
  return { medianNs: rounds[ROUNDS >> 1]!, bestNs: rounds[0]! }
}

console.log(
  `node ${process.version}, ${exchanges} exchanges a round, CPU ns per exchange of ${ROUNDS} rounds`,
)
console.log(`${''.padEnd(40)} median   best   looking at every byte once`)
for (const one of traffic) {
  const segments = inBatch(one)
  const { medianNs, bestNs } = measure(analyze, segments)
  const floor = measure(lookAtBytes, segments)
  const columns = [
    medianNs.toFixed(0).padStart(6),
    bestNs.toFixed(0).padStart(6),
    floor.bestNs.toFixed(0).padStart(6),
  ]
  console.log(`${one.name.padEnd(40)} ${columns.join(' ')}`)
}
