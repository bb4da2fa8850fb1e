/** An HTTP server on Node's http module that counts what it serves: one JSON row a line once an exchange is over. */
import { type IncomingMessage, type ServerResponse, createServer } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'

const WRITTEN_MAX_BYTES = 64 * 1024 * 1024

type Answer = (
  response: ServerResponse,
  argument: string,
  request: IncomingMessage,
  received: number,
) => number

/** Route → answer; each returns the body bytes it hands to Node (which sends none for HEAD, 204 and 304). */
const ANSWERS: Record<string, Answer> = {
  bytes: (response, argument) => {
    response.setHeader('Content-Length', argument)
    response.end(Buffer.alloc(bounded(argument), 'b'))
    return Number(argument)
  },
  stream: (response, argument) => {
    const [count, size] = argument.split('x')
    stream(response, bounded(count), Buffer.alloc(bounded(size), 's'))
    return Number(count) * Number(size)
  },
  trailers: (response) => {
    response.writeHead(200, { Trailer: 'Checksum' })
    response.write('with ')
    response.addTrailers({ Checksum: 'abc' })
    response.end('trailers')
    return 13
  },
  hints: (response) => {
    response.writeEarlyHints({ link: '</style.css>; rel=preload' })
    response.end('hinted')
    return 6
  },
  status: (response, argument) => {
    response.statusCode = Number(argument)
    response.end()
    return 0
  },
  tag: (response, _, request) => {
    response.setHeader('ETag', '"1"')
    response.statusCode = request.headers['if-none-match'] === '"1"' ? 304 : 200
    response.end(response.statusCode === 304 ? undefined : 'tagged')
    return response.statusCode === 304 ? 0 : 6
  },
  upload: (response, _, __, received) => {
    const body = `received ${received}`
    response.end(body)
    return body.length
  },
}

function bounded(text: string | undefined): number {
  return Math.min(Number(text), WRITTEN_MAX_BYTES)
}

function stream(response: ServerResponse, left: number, chunk: Buffer): void {
  if (left === 0) response.end()
  else response.write(chunk, () => stream(response, left - 1, chunk))
}

function log(
  request: IncomingMessage,
  status: number,
  responseBodyBytes: number,
  requestBodyBytes: number,
): void {
  const path = (request.url ?? '').replace(/\?.*/, '')
  const row = { method: request.method, path, status, responseBodyBytes, requestBodyBytes }
  process.stdout.write(`${JSON.stringify(row)}\n`)
}

const server = createServer((request, response) => {
  let received = 0
  request.on('data', (chunk: Buffer) => (received += chunk.length))
  request.on('end', () => {
    const [, route, argument] = (request.url ?? '').replace(/\?.*/, '').split('/')
    const sent =
      (ANSWERS[route ?? ''] ?? ANSWERS['status'])?.(response, argument ?? '404', request, received) ?? 0
    response.on('finish', () =>
      log(request, response.statusCode, request.method === 'HEAD' ? 0 : sent, received),
    )
  })
})

server.on('upgrade', (request: IncomingMessage, socket: Socket) => {
  const head = 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n'
  socket.write(head, () => log(request, 101, 0, 0))
  socket.pipe(socket) // frames go back as they came
  socket.on('error', () => {})
})

server.keepAliveTimeout = 60_000
server.maxRequestsPerSocket = 0
server.listen(0, '127.0.0.1', () => {
  process.stdout.write(`listening ${(server.address() as AddressInfo).port}\n`)
})
process.on('SIGTERM', () => process.exit(0))
