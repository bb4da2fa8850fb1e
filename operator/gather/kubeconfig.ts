/** Where the API server is and how to authenticate, with connections that are kept. */
import { createHash } from 'node:crypto'
import type { RequestOptions } from 'node:https'
import { KubeConfig, type RequestContext } from '@kubernetes/client-node'
import { Agent, type Dispatcher } from 'undici'

const CONNECT_TIMEOUT_MS = 5_000
const REQUEST_TIMEOUT_MS = 15_000
const KEEP_ALIVE_MS = 60_000
const REQUEST_CONNECTIONS = 8

/** What a request needs besides its path: the token file is read anew when it has been rotated. */
export interface Access {
  /** Without a slash at the end, for example https://10.96.0.1:443. */
  server: string
  headers: Record<string, string>
  /** For requests that are answered at once. */
  requests: Dispatcher
  /** For watches: they may be silent for long, which the reflector judges. */
  watches: Dispatcher
}

/**
 * The library's own makes a TLS connection for every request. Here requests share a pool and watches another, until
 * certificates change.
 */
export class PooledKubeConfig extends KubeConfig {
  #identity = ''
  #requests: Agent | undefined
  #watches: Agent | undefined

  async access(): Promise<Access> {
    const options: RequestOptions = {}
    await this.applyToHTTPSOptions(options)
    this.#renew(options)
    const { requests, watches } = this.#pools()
    return { server: this.#server(), headers: headersOf(options), requests, watches }
  }

  override async applySecurityAuthentication(context: RequestContext): Promise<void> {
    const { headers, requests } = await this.access()
    for (const [name, value] of Object.entries(headers)) context.setHeaderParam(name, value)
    context.setDispatcher(requests)
  }

  /** Cuts every connection; what is under way fails. */
  async destroy(): Promise<void> {
    await Promise.all([this.#requests?.destroy(), this.#watches?.destroy()])
  }

  #server(): string {
    const server = this.getCurrentCluster()?.server
    if (server === undefined) throw new Error('the kubeconfig names no cluster')
    return server.replace(/\/+$/, '')
  }

  #pools(): { requests: Agent; watches: Agent } {
    if (!this.#requests || !this.#watches) throw new Error('pools are made before they are used')
    return { requests: this.#requests, watches: this.#watches }
  }

  /** Old pools end with the requests that they carry. */
  #renew(options: RequestOptions): void {
    const { ca, cert, key, rejectUnauthorized } = options
    const servername = options.servername
    const identity = createHash('sha256')
      .update(JSON.stringify([ca, cert, key, rejectUnauthorized, servername]))
      .digest('hex')
    if (identity === this.#identity) return
    this.#identity = identity
    void this.#requests?.close()
    void this.#watches?.close()
    const connect = {
      ...(ca !== undefined && { ca }),
      ...(cert !== undefined && { cert }),
      ...(key !== undefined && { key }),
      ...(rejectUnauthorized !== undefined && { rejectUnauthorized }),
      ...(servername !== undefined && { servername }),
      timeout: CONNECT_TIMEOUT_MS,
    }
    // HTTP/1.1: a connection that is cut takes one watch with it, not all of them.
    const shared = { allowH2: false, keepAliveTimeout: KEEP_ALIVE_MS, connect } as const
    this.#requests = new Agent({
      ...shared,
      connections: REQUEST_CONNECTIONS,
      headersTimeout: REQUEST_TIMEOUT_MS,
      bodyTimeout: REQUEST_TIMEOUT_MS,
    })
    this.#watches = new Agent({ ...shared, headersTimeout: REQUEST_TIMEOUT_MS, bodyTimeout: 0 })
  }
}

function headersOf({ headers, auth }: RequestOptions): Record<string, string> {
  const result: Record<string, string> = {}
  for (const [name, value] of Object.entries(headers ?? {})) result[name] = String(value)
  if (auth) result['Authorization'] = `Basic ${Buffer.from(auth).toString('base64')}`
  return result
}
