/** The demo's server: tells its port to the agent, then answers until the agent is gone. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

const SLOW_MS = 250

process.title = 'demo-server' // the name in the table

function answer(request: IncomingMessage, response: ServerResponse): void {
  const path = request.url?.replace(/\?.*/, '') ?? '/'
  if (request.method === 'POST') send(response, 201, '{"order":1042}')
  else if (path === '/products')
    send(response, 200, JSON.stringify(Array(40).fill({ name: 'tea', price: 7 })))
  else if (path === '/slow') setTimeout(() => send(response, 200, 'at last'), SLOW_MS)
  else if (path === '/broken') send(response, 500, 'a bug')
  else if (path === '/') send(response, 200, 'welcome')
  else send(response, 404, 'no such page')
}

function send(response: ServerResponse, status: number, body: string): void {
  response.writeHead(status, { 'Content-Length': Buffer.byteLength(body) }).end(body)
}

const server = createServer((request, response) => {
  request.resume().on('end', () => answer(request, response))
})
server.listen(0, '127.0.0.1', () => process.send?.((server.address() as AddressInfo).port))
process.on('disconnect', () => process.exit(0))
process.on('SIGINT', () => {}) // Ctrl-C reaches all of the terminal's processes; the agent decides
