/** Probes and metrics over plain HTTP: nothing secret is here. */
import { type Server, type ServerResponse, createServer } from 'node:http'
import type { Registry } from 'prom-client'

export interface HealthOptions {
  /** A sentence that says what is wrong; undefined: all is well. The pod is restarted for it. */
  notAlive: () => string | undefined
  /** A sentence that says what is missing; undefined: ready. */
  notReady: () => string | undefined
  registry: Registry
}

const REQUEST_TIMEOUT_MS = 5_000

export function healthServer(options: HealthOptions): Server {
  const server = createServer((request, response) => void respond(request.url ?? '', response, options))
  server.requestTimeout = REQUEST_TIMEOUT_MS
  server.headersTimeout = REQUEST_TIMEOUT_MS
  return server
}

async function respond(url: string, response: ServerResponse, options: HealthOptions): Promise<void> {
  switch (url) {
    case '/livez':
      return probe(response, options.notAlive())
    case '/readyz':
      return probe(response, options.notReady())
    case '/metrics': {
      const text = await options.registry.metrics()
      return send(response, 200, text, options.registry.contentType)
    }
    default:
      return send(response, 404, '/livez, /readyz and /metrics are here\n')
  }
}

function probe(response: ServerResponse, problem: string | undefined): void {
  if (problem === undefined) send(response, 200, 'ok\n')
  else send(response, 503, `${problem}\n`)
}

function send(
  response: ServerResponse,
  status: number,
  text: string,
  type = 'text/plain; charset=utf-8',
): void {
  response.writeHead(status, { 'Content-Type': type })
  response.end(text)
}
