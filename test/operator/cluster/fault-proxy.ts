/** Stands between an operator and the real API server, and misbehaves when it is told to. */
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { type IncomingMessage, type Server, type ServerResponse, createServer } from 'node:http'
import { Agent, request as httpsRequest } from 'node:https'
import type { AddressInfo } from 'node:net'

/** What happens to a request; undefined: it goes on to the API server. */
export type Fault =
  | undefined
  | { kind: 'cut' }
  | { kind: 'status'; status: number; retryAfterSeconds?: number }
  | { kind: 'slow'; delayMs: number }
  /** A watch begins, and at once has this status as an ERROR event. */
  | { kind: 'watch-error'; code: number }

export interface Passed {
  method: string
  path: string
  isWatch: boolean
  atMs: number
}

export class FaultProxy {
  /** Asked for every request. */
  fault: (request: Passed) => Fault = () => undefined
  /** Every request that was not kept from the API server. */
  readonly passed: Passed[] = []
  readonly #server: Server
  readonly #target: URL
  readonly #agent: Agent
  readonly #open = new Set<ServerResponse>()

  private constructor(target: string, authorityFile: string) {
    this.#target = new URL(target)
    this.#agent = new Agent({ ca: readFileSync(authorityFile), keepAlive: true })
    this.#server = createServer((request, response) => this.#take(request, response))
  }

  static async start(target: string, authorityFile: string): Promise<FaultProxy> {
    const proxy = new FaultProxy(target, authorityFile)
    proxy.#server.listen(0, '127.0.0.1')
    await once(proxy.#server, 'listening')
    return proxy
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  /** Watches that are open now. */
  get watches(): number {
    return this.#open.size
  }

  /** Cuts every watch, in the middle of whatever it says. */
  cutWatches(): void {
    for (const response of this.#open) response.destroy()
  }

  writes(): Passed[] {
    return this.passed.filter(({ method, path }) => method !== 'GET' && !/leases|tokenreviews/.test(path))
  }

  stop(): void {
    this.#server.close().closeAllConnections()
    this.#agent.destroy()
  }

  #take(request: IncomingMessage, response: ServerResponse): void {
    const url = new URL(request.url ?? '', this.#target)
    const isWatch = url.searchParams.has('watch')
    const taken = { method: request.method ?? '', path: url.pathname, isWatch, atMs: performance.now() }
    const fault = this.fault(taken)
    if (fault?.kind === 'cut') return void request.socket.destroy()
    if (fault?.kind === 'status') return refuse(response, fault)
    if (fault?.kind === 'watch-error') return watchError(response, fault.code)
    this.passed.push(taken)
    if (isWatch) this.#keep(response)
    setTimeout(() => this.#pass(request, response, url), fault?.delayMs ?? 0)
  }

  #keep(response: ServerResponse): void {
    this.#open.add(response)
    response.once('close', () => this.#open.delete(response))
  }

  #pass(request: IncomingMessage, response: ServerResponse, url: URL): void {
    const { method, headers } = request
    const options = { method, headers: { ...headers, host: url.host }, agent: this.#agent }
    const onward = httpsRequest(url, options, (answer) => {
      response.writeHead(answer.statusCode ?? 500, answer.headers)
      response.flushHeaders()
      answer.once('error', () => response.destroy())
      answer.pipe(response)
    })
    onward.once('error', () => response.destroy())
    response.once('close', () => onward.destroy())
    request.pipe(onward)
  }
}

function refuse(
  response: ServerResponse,
  { status, retryAfterSeconds }: Extract<Fault, { kind: 'status' }>,
): void {
  const headers = retryAfterSeconds === undefined ? {} : { 'Retry-After': String(retryAfterSeconds) }
  response.writeHead(status, { 'Content-Type': 'application/json', ...headers })
  response.end(JSON.stringify(statusObject(status)))
}

function watchError(response: ServerResponse, code: number): void {
  response.writeHead(200, { 'Content-Type': 'application/json' })
  response.end(`${JSON.stringify({ type: 'ERROR', object: statusObject(code) })}\n`)
}

function statusObject(code: number): object {
  return {
    kind: 'Status',
    apiVersion: 'v1',
    status: 'Failure',
    code,
    reason: 'Injected',
    message: `injected ${code}`,
  }
}
