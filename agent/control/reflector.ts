/** Keeps up with the objects of one kind: list, then watch from there, for ever. */
import { setTimeout as sleep } from 'node:timers/promises'
import { backoffMs, type BackoffPolicy } from '../../crds/backoff.ts'
import type { ApiClient } from './api.ts'
import { ApiError, statusError } from './problem.ts'

/** Called in order, from the event loop; what it throws ends the agent. */
export interface ReflectorListener<T> {
  /** All there is now, after the first list and whenever the watch lost its place. */
  replaced(objects: readonly T[]): void
  changed(object: T): void
  deleted(object: T): void
  /** The connection broke or was refused; undefined: it is well again. Told when it changes. */
  contact?(problem: ApiError | undefined): void
}

export interface ReflectorOptions<T> {
  client: ApiClient
  /** Of the collection, for example `/api/v1/pods`. */
  path: string
  /** fieldSelector, labelSelector. */
  query: Readonly<Record<string, string>>
  /** What is kept of an object; the rest is freed. */
  project: (object: unknown) => T
  listener: ReflectorListener<T>
  /** Uniform in [0, 1). */
  random: () => number
  timings?: Partial<ReflectorTimings>
}

export interface ReflectorTimings {
  backoff: BackoffPolicy
  /** Silence after which a watch is given up; the server sends a bookmark about once a minute. */
  stallMs: number
  /** The server is asked to end a watch after this, up to twice as long: so that load spreads. */
  watchMs: number
}

const TIMINGS: ReflectorTimings = {
  backoff: { initialMs: 200, maxMs: 15_000 },
  stallMs: 90_000,
  watchMs: 300_000,
}

const PAGE_OBJECTS = 500
/** A watch that the server ends sooner than this counts as a failure: no loop without a pause. */
const WATCH_MIN_MS = 1_000

interface ListAnswer {
  metadata?: { resourceVersion?: string; continue?: string }
  items?: unknown[]
}

export class Reflector<T> {
  readonly #options: ReflectorOptions<T>
  readonly #timings: ReflectorTimings
  readonly #stop = new AbortController()
  readonly #synced = Promise.withResolvers<void>()
  #running: Promise<void> = Promise.resolve()
  /** Where the watch goes on; undefined: list first. */
  #resourceVersion: string | undefined
  #everListed = false
  #failures = 0
  #problem: ApiError | undefined
  #lists = 0
  #watches = 0

  constructor(options: ReflectorOptions<T>) {
    this.#options = options
    this.#timings = { ...TIMINGS, ...options.timings }
  }

  /** Resolves when the first list was handed over. Never rejects: see `contact`. */
  get synced(): Promise<void> {
    return this.#synced.promise
  }

  /** What keeps it from being up to date now. */
  get problem(): ApiError | undefined {
    return this.#problem
  }

  /** Lists and watches begun so far. */
  get counters(): { lists: number; watches: number } {
    return { lists: this.#lists, watches: this.#watches }
  }

  start(): void {
    this.#running = this.#run()
  }

  async stop(): Promise<void> {
    this.#stop.abort()
    await this.#running
  }

  async #run(): Promise<void> {
    while (!this.#stop.signal.aborted) {
      try {
        if (this.#resourceVersion === undefined) await this.#list()
        await this.#watch()
      } catch (error) {
        if (!(error instanceof ApiError)) throw error
        await this.#recover(error)
      }
    }
  }

  /** The first list may be served from any server's memory; after an expiry it must be as new as the store. */
  async #list(): Promise<void> {
    const objects: T[] = []
    const { path, query, client, project, listener } = this.#options
    let position: Record<string, string> = this.#everListed ? {} : { resourceVersion: '0' }
    for (;;) {
      this.#lists += 1
      const page = { ...query, limit: String(PAGE_OBJECTS), ...position }
      const answer = await client.json<ListAnswer>({ method: 'GET', path, query: page }, this.#stop.signal)
      for (const item of answer.items ?? []) objects.push(project(item))
      this.#resourceVersion = answer.metadata?.resourceVersion
      const next = answer.metadata?.continue
      if (!next) break
      position = { continue: next }
    }
    this.#everListed = true
    listener.replaced(objects)
    this.#well()
    this.#synced.resolve()
  }

  async #watch(): Promise<void> {
    const { client, path, query, random } = this.#options
    const { watchMs, stallMs } = this.#timings
    const begunMs = performance.now()
    this.#watches += 1
    const events = client.watch(
      path,
      {
        ...query,
        watch: 'true',
        allowWatchBookmarks: 'true',
        resourceVersion: this.#resourceVersion ?? '',
        timeoutSeconds: String(Math.round((watchMs * (1 + random())) / 1_000)),
      },
      { signal: this.#stop.signal, stallMs },
    )
    for await (const event of events) this.#take(event.type, event.object)
    if (performance.now() - begunMs < WATCH_MIN_MS)
      throw new ApiError(0, 'Ended', 'the API server ends the watch at once')
  }

  #take(type: string, object: unknown): void {
    if (type === 'ERROR') throw statusError(object)
    const version = (object as { metadata?: { resourceVersion?: string } }).metadata?.resourceVersion
    if (version !== undefined) this.#resourceVersion = version
    this.#well()
    const { listener, project } = this.#options
    if (type === 'DELETED') listener.deleted(project(object))
    else if (type === 'ADDED' || type === 'MODIFIED') listener.changed(project(object))
  }

  #well(): void {
    this.#failures = 0
    if (this.#problem === undefined) return
    this.#problem = undefined
    this.#options.listener.contact?.(undefined)
  }

  async #recover(error: ApiError): Promise<void> {
    if (this.#stop.signal.aborted) return
    if (error.isExpired) {
      const again = this.#resourceVersion === undefined
      this.#resourceVersion = undefined
      if (!again) return
    }
    this.#failures += 1
    const { listener, random } = this.#options
    const changed = this.#problem?.message !== error.message
    this.#problem = error
    if (changed) listener.contact?.(error)
    const waitMs = Math.max(backoffMs(this.#failures, this.#timings.backoff, random), error.retryAfterMs)
    await sleep(waitMs, undefined, { signal: this.#stop.signal }).catch(() => undefined)
  }
}
