/** The demo's client: a few requests a second to the port given as argument, until the agent is gone. */
import { Agent, request } from 'node:http'

const PAUSE_MS = 300
const REQUESTS = [
  ['GET', '/'],
  ['GET', '/products?page=2'],
  ['POST', '/orders'],
  ['GET', '/slow'],
  ['GET', '/missing'],
  ['GET', '/products'],
  ['HEAD', '/'],
  ['GET', '/broken'],
] as const

process.title = 'demo-client' // the name in the table

const port = Number(process.argv[2])
const agent = new Agent({ keepAlive: true, maxSockets: 1 })

function next(index: number): void {
  const [method, path] = REQUESTS[index % REQUESTS.length] ?? REQUESTS[0]
  const again = (): void => void setTimeout(next, PAUSE_MS, index + 1)
  const sent = request({ host: '127.0.0.1', port, agent, method, path }, (response) => {
    response.resume().on('end', again)
  })
  sent.on('error', again)
  sent.end(method === 'POST' ? '{"product":"tea","count":3}' : undefined)
}

next(0)
process.on('disconnect', () => process.exit(0))
process.on('SIGINT', () => {}) // Ctrl-C reaches all of the terminal's processes; the agent decides
