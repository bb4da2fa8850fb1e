/** An HTTP/2 server without TLS on Node's http2 module; one JSON row a line once a stream is closed. */
import { constants, createServer, type IncomingHttpHeaders, type ServerHttp2Stream } from 'node:http2'
import type { AddressInfo } from 'node:net'

const WRITTEN_MAX_BYTES = 64 * 1024 * 1024

/** Route → answer; each returns the status and the body bytes it hands to Node. */
type Answer = (
  stream: ServerHttp2Stream,
  argument: string,
  receivedBytes: number,
) => { status: number; bytes: number }

const ANSWERS: Record<string, Answer> = {
  bytes: (stream, argument) => {
    const bytes = Math.min(Number(argument), WRITTEN_MAX_BYTES)
    stream.respond({ ':status': 200, 'content-length': bytes })
    stream.end(Buffer.alloc(bytes, 'b'))
    return { status: 200, bytes }
  },
  trailers: (stream) => {
    stream.respond({ ':status': 200 }, { waitForTrailers: true })
    stream.on('wantTrailers', () => stream.sendTrailers({ checksum: 'abc' }))
    stream.end('with trailers')
    return { status: 200, bytes: 13 }
  },
  hints: (stream) => {
    stream.additionalHeaders({ ':status': 103, link: '</style.css>; rel=preload' })
    stream.respond({ ':status': 200 })
    stream.end('hinted')
    return { status: 200, bytes: 6 }
  },
  status: (stream, argument) => {
    stream.respond({ ':status': Number(argument) }, { endStream: true })
    return { status: Number(argument), bytes: 0 }
  },
  /** A head of so many bytes, more than a frame holds. */
  head: (stream, argument) => {
    const headers: Record<string, string | number> = { ':status': 200 }
    for (let left = Number(argument); left > 0; left -= 8000)
      headers[`x-${left}`] = 'h~'.repeat(Math.min(left, 8000) / 2)
    stream.respond(headers, { endStream: true })
    return { status: 200, bytes: 0 }
  },
  upload: (stream, _, receivedBytes) => {
    const body = `received ${receivedBytes}`
    stream.respond({ ':status': 200 })
    stream.end(body)
    return { status: 200, bytes: body.length }
  },
  reset: (stream) => {
    stream.respond({ ':status': 200 })
    stream.write('0123456789', () => stream.close(constants.NGHTTP2_INTERNAL_ERROR))
    return { status: 200, bytes: 10 }
  },
}

function serve(stream: ServerHttp2Stream, headers: IncomingHttpHeaders & { ':method'?: string }): void {
  let receivedBytes = 0
  stream.on('error', () => {}) // of the client's making
  stream.on('data', (chunk: Buffer) => (receivedBytes += chunk.length))
  stream.on('end', () => {
    const path = String(headers[':path']).replace(/\?.*/, '')
    const [, route = '', argument = '404'] = path.split('/')
    if (route === 'hang') return // until the client gives up
    const { status, bytes } = (ANSWERS[route] ?? ANSWERS['status']!)(stream, argument, receivedBytes)
    const isHead = headers[':method'] === 'HEAD'
    const row = {
      method: headers[':method'],
      path,
      status,
      responseBodyBytes: isHead ? 0 : bytes,
      requestBodyBytes: receivedBytes,
    }
    stream.on('close', () => process.stdout.write(`${JSON.stringify(row)}\n`))
  })
}

const server = createServer({ maxHeaderListPairs: 1000, peerMaxConcurrentStreams: 1000 })
server.on('stream', serve)
server.listen(0, '127.0.0.1', () => {
  process.stdout.write(`listening ${(server.address() as AddressInfo).port}\n`)
})
process.on('SIGTERM', () => process.exit(0))
