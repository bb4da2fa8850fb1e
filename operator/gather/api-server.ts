/** Requests to the API server: JSON in, JSON out, and watches as streams of bytes. */
import type { Readable } from 'node:stream'
import { request } from 'undici'
import { apiError } from './api-error.ts'
import type { PooledKubeConfig } from './kubeconfig.ts'

export type Method = 'DELETE' | 'GET' | 'PATCH' | 'POST' | 'PUT'

export interface ApiRequest {
  method?: Method
  /** With a slash at its start, parts percent-encoded. */
  path: string
  query?: Readonly<Record<string, string>>
  /** Sent as JSON. */
  body?: unknown
  /** Default: application/json. */
  contentType?: string
  accept?: string
  signal?: AbortSignal
}

/** Called once an answer has come, or failed to (status 0). Durations are of a clock that never goes back. */
export type ApiObserver = (method: Method, status: number, durationMs: number) => void

const USER_AGENT = 'accesslog-operator'
const ERROR_BODY_CHARS_MAX = 16 * 1024

export class ApiServer {
  readonly #config: PooledKubeConfig
  readonly #observe: ApiObserver

  constructor(config: PooledKubeConfig, observe: ApiObserver = () => {}) {
    this.#config = config
    this.#observe = observe
  }

  /** The object that the server answers. @throws {ApiError} when it refuses; others when there is no answer in time */
  async json<T>(options: ApiRequest): Promise<T> {
    const { body } = await this.#send(options, 'requests')
    return (await body.json()) as T
  }

  /** The bytes of a watch; ends when the server ends it. The caller destroys it. @throws {ApiError} */
  async stream(options: ApiRequest): Promise<Readable> {
    const { body } = await this.#send(options, 'watches')
    return body
  }

  async #send(options: ApiRequest, pool: 'requests' | 'watches') {
    const { method = 'GET' } = options
    const startMs = performance.now()
    let status = 0
    try {
      const answer = await this.#request(options, pool)
      status = answer.statusCode
      if (status < 300) return answer
      const text = (await answer.body.text()).slice(0, ERROR_BODY_CHARS_MAX)
      const retryAfter = answer.headers['retry-after']
      throw apiError(status, text, Array.isArray(retryAfter) ? retryAfter[0] : retryAfter)
    } finally {
      this.#observe(method, status, performance.now() - startMs)
    }
  }

  async #request(options: ApiRequest, pool: 'requests' | 'watches') {
    const { method = 'GET', path, query = {}, body, contentType = 'application/json' } = options
    const { server, headers, ...pools } = await this.#config.access()
    return request(server + path, {
      method,
      query,
      dispatcher: pools[pool],
      headers: {
        ...headers,
        'User-Agent': USER_AGENT,
        Accept: options.accept ?? 'application/json',
        ...(body !== undefined && { 'Content-Type': contentType }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
      ...(options.signal && { signal: options.signal }),
    })
  }
}
