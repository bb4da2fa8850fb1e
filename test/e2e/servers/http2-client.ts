/**
 * A client of Node's http2 module on one connection: reads orders from standard input, a JSON object a line, and does them
 * one after the other. `paths` are requested at once, `count` times; then it writes `done N`.
 */
import { once } from 'node:events'
import { type ClientHttp2Session, connect } from 'node:http2'
import { createInterface } from 'node:readline'

interface Order {
  paths: string[]
  count?: number
  method?: string
  /** Request body; none when absent. */
  bodyBytes?: number
  /** Close the stream so long after its head was sent. */
  cancelAfterMs?: number
}

async function request(session: ClientHttp2Session, path: string, order: Order): Promise<void> {
  const { method = 'GET', bodyBytes, cancelAfterMs } = order
  const endStream = bodyBytes === undefined && cancelAfterMs === undefined
  const stream = session.request({ ':path': path, ':method': method }, { endStream })
  stream.on('error', () => {}) // a reset is told by the close
  if (cancelAfterMs !== undefined) setTimeout(() => stream.close(8), cancelAfterMs)
  if (bodyBytes !== undefined) stream.end(Buffer.alloc(bodyBytes, 'u'))
  stream.resume()
  await once(stream, 'close')
}

const session = connect(process.argv[2] ?? '', {
  settings: { headerTableSize: 4096 },
  maxHeaderListPairs: 1000,
})
await once(session, 'connect')
process.stdout.write('connected\n')
let orders = 0
for await (const line of createInterface(process.stdin)) {
  const order = JSON.parse(line) as Order
  for (let i = 0; i < (order.count ?? 1); i++)
    await Promise.all(order.paths.map((path) => request(session, path, order)))
  process.stdout.write(`done ${++orders}\n`)
}
session.close()
