/** Whether the agent is well, and its numbers, over HTTP: /livez, /readyz, /metrics. */
import { once } from 'node:events'
import { createServer, type Server, type ServerResponse } from 'node:http'
import { accessLogError, reasonOf } from '../errors.ts'

export interface HealthSources {
  /** Undefined: ready; otherwise why not, in a sentence. */
  notReady: () => string | undefined
  /** Prometheus text format. */
  metrics: () => Promise<string>
}

export const METRICS_TYPE = 'text/plain; version=0.0.4; charset=utf-8'

/** A request that takes longer is cut off. */
const REQUEST_DEADLINE_MS = 5_000

export class HealthServer {
  readonly #server: Server
  readonly #sources: HealthSources

  private constructor(sources: HealthSources) {
    this.#sources = sources
    this.#server = createServer({ requestTimeout: REQUEST_DEADLINE_MS }, (request, response) => {
      void this.#answer(request.method ?? '', (request.url ?? '').split('?')[0] ?? '', response)
    })
    this.#server.maxConnections = 64
  }

  /** @param address `HOST:PORT`, or `:PORT` for all addresses. Rejects with HEALTH_PORT. */
  static async listen(address: string, sources: HealthSources): Promise<HealthServer> {
    const health = new HealthServer(sources)
    const at = address.lastIndexOf(':')
    const host = address.slice(0, at).replace(/^\[|\]$/g, '')
    try {
      health.#server.listen({ port: Number(address.slice(at + 1)), ...(host !== '' && { host }) })
      await once(health.#server, 'listening')
    } catch (cause) {
      throw accessLogError('HEALTH_PORT', { address, reason: reasonOf(cause) }, { cause })
    }
    return health
  }

  get port(): number {
    const address = this.#server.address()
    return typeof address === 'object' && address !== null ? address.port : 0
  }

  close(): void {
    this.#server.close()
    this.#server.closeAllConnections()
  }

  /** That it answers is what /livez tells: the event loop turns. */
  async #answer(method: string, path: string, response: ServerResponse): Promise<void> {
    if (method !== 'GET' && method !== 'HEAD') return send(response, 405, 'only GET\n')
    if (path === '/livez') return send(response, 200, 'ok\n')
    if (path === '/readyz') {
      const reason = this.#sources.notReady()
      return send(response, reason === undefined ? 200 : 503, `${reason ?? 'ok'}\n`)
    }
    if (path === '/metrics') return send(response, 200, await this.#sources.metrics(), METRICS_TYPE)
    send(response, 404, 'there are /livez, /readyz and /metrics\n')
  }
}

function send(
  response: ServerResponse,
  status: number,
  text: string,
  type = 'text/plain; charset=utf-8',
): void {
  response.writeHead(status, { 'content-type': type, 'content-length': Buffer.byteLength(text) })
  response.end(text)
}
