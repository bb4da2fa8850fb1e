/** Requests to the API server over node:https. It knows HTTP, credentials and deadlines, no kind of object. */
import type { ClientRequest, IncomingMessage } from 'node:http'
import { Agent as PlainAgent, request as plainRequest } from 'node:http'
import { Agent, request } from 'node:https'
import type { ApiAccess } from './access.ts'
import { linesOf, readWhole } from './body.ts'
import { ApiError, asApiError, answerError } from './problem.ts'

export interface ApiRequest {
  method: 'GET' | 'PATCH' | 'POST'
  /** Below the server's own path, for example `/api/v1/pods`. */
  path: string
  query?: Readonly<Record<string, string>>
  body?: unknown
  /** Default: application/json. */
  contentType?: string
}

/** One line of a watch. */
export interface WatchEvent {
  type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK' | 'ERROR'
  object: unknown
}

export const APPLY_PATCH = 'application/apply-patch+yaml'

/** Longest wait for a whole answer. */
const ANSWER_DEADLINE_MS = 30_000
/** Longest wait for the head of a watch's answer. */
const WATCH_HEAD_DEADLINE_MS = 15_000
/** Connections: the watches, and a few requests beside them. */
const SOCKETS_MAX = 8

/** Connections are kept and shared. {@link close} ends them. */
export class ApiClient {
  readonly #access: ApiAccess
  readonly #userAgent: string
  readonly #plain: boolean
  readonly #agent: PlainAgent
  /** Certificates that the kept connections were made with. */
  #ca: Buffer | undefined

  /** @param userAgent `NAME/VERSION`, for the audit log of the API server */
  constructor(access: ApiAccess, userAgent: string) {
    this.#access = access
    this.#userAgent = userAgent
    this.#plain = access.server.protocol === 'http:'
    const pool = {
      keepAlive: true,
      keepAliveMsecs: 30_000,
      maxSockets: SOCKETS_MAX,
      scheduling: 'lifo' as const,
    }
    this.#agent = this.#plain ? new PlainAgent(pool) : new Agent(pool)
  }

  close(): void {
    this.#agent.destroy()
  }

  /** The answer, parsed. Rejects with an ApiError; never later than its deadline. */
  async json<T>(wanted: ApiRequest, signal?: AbortSignal): Promise<T> {
    const deadline = AbortSignal.timeout(ANSWER_DEADLINE_MS)
    const either = signal === undefined ? deadline : AbortSignal.any([signal, deadline])
    try {
      const answer = await this.#send(wanted, either)
      const text = await readWhole(answer)
      if (!isSuccess(answer)) throw answerError(answer, text)
      return JSON.parse(text) as T
    } catch (error) {
      throw asApiError(
        error,
        deadline.aborted ? `no answer within ${ANSWER_DEADLINE_MS / 1_000} s` : undefined,
      )
    }
  }

  /**
   * The events of a watch, until the server ends it. Throws an ApiError: when it is refused, when the connection
   * breaks, and when nothing, not even a bookmark, came for `stallMs`.
   */
  async *watch(
    path: string,
    query: Readonly<Record<string, string>>,
    { signal, stallMs }: { signal: AbortSignal; stallMs: number },
  ): AsyncGenerator<WatchEvent> {
    const stalled = new AbortController()
    const stall = () => stalled.abort(new ApiError(0, 'Stalled', 'the watch is silent'))
    let timer = setTimeout(stall, Math.min(stallMs, WATCH_HEAD_DEADLINE_MS))
    try {
      const answer = await this.#send(
        { method: 'GET', path, query },
        AbortSignal.any([signal, stalled.signal]),
      )
      if (!isSuccess(answer)) throw answerError(answer, await readWhole(answer))
      clearTimeout(timer)
      timer = setTimeout(stall, stallMs)
      for await (const line of linesOf(answer)) {
        timer.refresh()
        yield JSON.parse(line) as WatchEvent
      }
    } catch (error) {
      throw asApiError(stalled.signal.aborted ? stalled.signal.reason : error)
    } finally {
      clearTimeout(timer)
      stalled.abort(new ApiError(0, 'Ended', 'the watch is over'))
    }
  }

  async #send(wanted: ApiRequest, signal: AbortSignal): Promise<IncomingMessage> {
    const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>()
    const sent = this.#request(wanted, signal)
    sent.on('response', resolve)
    sent.on('error', reject)
    sent.end(wanted.body === undefined ? undefined : JSON.stringify(wanted.body))
    return promise
  }

  #request({ method, path, query = {}, body, contentType }: ApiRequest, signal: AbortSignal): ClientRequest {
    const { server, client } = this.#access
    const search = new URLSearchParams(query).toString()
    const token = this.#access.token()
    return (this.#plain ? plainRequest : request)({
      host: server.hostname.replace(/^\[|\]$/g, ''),
      port: server.port || (this.#plain ? 80 : 443),
      path: server.pathname.replace(/\/$/, '') + path + (search === '' ? '' : `?${search}`),
      method,
      headers: {
        accept: 'application/json',
        'user-agent': this.#userAgent,
        ...(token !== undefined && { authorization: `Bearer ${token}` }),
        ...(body !== undefined && { 'content-type': contentType ?? 'application/json' }),
      },
      agent: this.#agent,
      signal,
      ...(!this.#plain && { ca: this.#authority(), ...client }),
    })
  }

  /** The same buffer as long as the file says the same, so that connections are found again in the pool. */
  #authority(): Buffer | undefined {
    const ca = this.#access.ca()
    if (ca === undefined || this.#ca === undefined || !ca.equals(this.#ca)) this.#ca = ca
    return this.#ca
  }
}

function isSuccess({ statusCode = 0 }: IncomingMessage): boolean {
  return statusCode >= 200 && statusCode < 300
}
