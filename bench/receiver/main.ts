/**
 * receiver PORT: takes access logs by the rules of test/receiver at a fraction of its cost, straight from HTTP/2. A gRPC
 * library spends more on each message than the agent does, on the cores that the bench shares between all. Prints its
 * ledger as one line of JSON when it is told to end.
 */
import { type ServerHttp2Stream, createServer } from 'node:http2'
import { type Ledger, StreamRules, emptyLedger } from '../../test/receiver/ledger.ts'
import { MessageSplitter } from './messages.ts'

/** Of a stream and of a connection: the agent never waits for a window here. */
const WINDOW_BYTES = 16 * 1024 * 1024
/** An empty message: `Commands` without any. */
const ANSWER = Buffer.alloc(5)

function collect(stream: ServerHttp2Stream, ledger: Ledger): void {
  ledger.streams++
  const rules = new StreamRules(ledger)
  const messages = new MessageSplitter((message) => void rules.enter(message))
  stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true })
  stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }))
  stream.on('data', (piece: Buffer) => messages.write(piece))
  stream.on('error', () => {}) // a client that goes away
  stream.on('end', () => {
    ledger.completed++
    stream.end(ANSWER)
  })
}

function main(): void {
  const ledger = emptyLedger()
  const server = createServer({ settings: { initialWindowSize: WINDOW_BYTES } })
  server.on('session', (session) => session.setLocalWindowSize(WINDOW_BYTES))
  server.on('stream', (stream) => collect(stream, ledger))
  server.listen(Number(process.argv[2]), '127.0.0.1')
  process.once('SIGTERM', () => {
    process.stdout.write(`${JSON.stringify({ kind: 'summary', ...ledger })}\n`, () => process.exit())
  })
}

main()
