/** Keeps a sink equal to a collection of the API server: list, then watch, for ever, whatever fails in between. */
import type { Readable } from 'node:stream'
import { setTimeout as delay } from 'node:timers/promises'
import { ApiError, eventError } from './api-error.ts'
import type { ApiServer } from './api-server.ts'
import { type BackoffPolicy, backoffMs } from '../../crds/backoff.ts'
import { WatchLines } from './watch-lines.ts'

export interface ObjectMeta {
  name: string
  namespace?: string
  uid: string
  resourceVersion: string
  generation?: number
  creationTimestamp?: string
  deletionTimestamp?: string
  labels?: Record<string, string>
  annotations?: Record<string, string>
  ownerReferences?: { kind: string; name: string; uid: string; controller?: boolean }[]
}

/** What every object of the API has. Sinks know more of their own. */
export interface ApiObject {
  apiVersion?: string
  kind?: string
  metadata: ObjectMeta
}

/** Where objects go. Objects belong to the sink from then on. */
export interface Sink {
  /** A whole list begins: what it does not mention until `listed` is gone. May begin anew before it is complete. */
  listing(): void
  listed(): void
  upsert(object: ApiObject): void
  remove(object: ApiObject): void
}

export interface Resource {
  /** For people and metrics, for example accesslogpolicies. */
  name: string
  /** Of the collection, for example /api/v1/nodes. */
  path: string
  /** For example metadata.name=token. */
  fieldSelector?: string
  /** Only metadata is sent. */
  metadataOnly?: boolean
  /** Objects asked for at once. */
  pageSize?: number
}

/** What a reflector tells about itself; all counters only. */
export interface ReflectorObserver {
  listed(resource: string): void
  watchEnded(resource: string): void
  /** @param isNews the reason is not the one of the failure before, or there was a success in between */
  failed(resource: string, error: unknown, retryMs: number, isNews: boolean): void
}

export interface ReflectorOptions {
  api: ApiServer
  resource: Resource
  sink: Sink
  observer: ReflectorObserver
  /** Uniform in [0, 1). */
  random: () => number
  /** Milliseconds of a clock that never goes back. */
  now: () => number
  /** The server said something, a bookmark included. */
  heard?: () => void
  /** How to wait while the server forbids it. Default: as after any failure. */
  forbiddenBackoff?: BackoffPolicy
}

const PAGE_SIZE = 500
const BACKOFF: BackoffPolicy = { initialMs: 200, maxMs: 30_000 }
/** The server ends a watch after this long, plus up to as much again. */
const WATCH_SECONDS = 300
/** Bookmarks come about every minute; when nothing comes for longer, the connection is dead. */
const STALL_MS = 90_000
/** A watch that lived this long was a success, whatever ended it. */
const HEALTHY_MS = 10_000
const METADATA_ACCEPT = (kind: string) => `application/json;as=${kind};g=meta.k8s.io;v=v1`

interface ListPage {
  apiVersion: string
  /** For example NodeList. */
  kind: string
  metadata: { resourceVersion: string; continue?: string }
  items: ApiObject[]
}

export class Reflector {
  readonly resource: Resource
  readonly #options: ReflectorOptions
  #resourceVersion: string | undefined
  /** Where a list goes on that was interrupted; undefined: none was, or not after a page. */
  #continue: string | undefined
  #failures = 0
  /** Of the last failure; undefined after a success. */
  #reason: string | undefined
  #synced = false
  #lastContactMs: number

  constructor(options: ReflectorOptions) {
    this.resource = options.resource
    this.#options = options
    this.#lastContactMs = options.now()
  }

  /** Whether the sink has once been given a whole list. */
  get synced(): boolean {
    return this.#synced
  }

  /** Since the server last said something, a bookmark included. */
  get silentMs(): number {
    return this.#options.now() - this.#lastContactMs
  }

  /** Until the signal; never rejects. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        this.#resourceVersion ??= await this.#list(signal)
        await this.#watch(this.#resourceVersion, signal)
      } catch (error) {
        if (!signal.aborted) await this.#recover(error, signal)
      }
    }
  }

  async #recover(error: unknown, signal: AbortSignal): Promise<void> {
    if (mustListAnew(error)) this.#resourceVersion = this.#continue = undefined
    this.#failures++
    const { random, forbiddenBackoff = BACKOFF, observer } = this.#options
    const isForbidden = error instanceof ApiError && error.status === 403
    const asked = error instanceof ApiError ? error.retryAfterMs : 0
    const policy = isForbidden ? forbiddenBackoff : BACKOFF
    const retryMs = Math.max(asked, backoffMs(this.#failures, policy, random))
    const reason = String(error)
    observer.failed(this.resource.name, error, retryMs, reason !== this.#reason)
    this.#reason = reason
    await delay(retryMs, undefined, { signal }).catch(() => {}) // aborted: the loop ends
  }

  /**
   * After a failure it goes on behind the pages that it has: with a busy server it would never come to the end otherwise.
   * @returns the resourceVersion to watch from
   */
  async #list(signal: AbortSignal): Promise<string> {
    const { sink, observer } = this.#options
    if (this.#continue === undefined) sink.listing()
    let resourceVersion: string
    do {
      const page: ListPage = await this.#page(this.#continue, signal)
      for (const object of page.items) sink.upsert(typed(object, page))
      this.#contact()
      this.#continue = page.metadata.continue || undefined
      resourceVersion = page.metadata.resourceVersion
    } while (this.#continue !== undefined)
    sink.listed()
    this.#synced = true
    observer.listed(this.resource.name)
    return resourceVersion
  }

  #page(next: string | undefined, signal: AbortSignal): Promise<ListPage> {
    const { path, metadataOnly, pageSize = PAGE_SIZE } = this.resource
    const query = {
      ...this.#selection(),
      limit: String(pageSize),
      ...(next !== undefined && { continue: next }),
    }
    const accept = metadataOnly && { accept: METADATA_ACCEPT('PartialObjectMetadataList') }
    return this.#options.api.json({ path, query, signal, ...accept })
  }

  #selection(): Record<string, string> {
    const { fieldSelector } = this.resource
    return fieldSelector === undefined ? {} : { fieldSelector }
  }

  /** Resolves when the server ends the watch as announced. */
  async #watch(resourceVersion: string, signal: AbortSignal): Promise<void> {
    const { api, random, now, observer } = this.#options
    const startMs = now()
    const stall = new AbortController()
    const timer = setTimeout(
      () => stall.abort(new Error(`no event or bookmark for ${STALL_MS} ms`)),
      STALL_MS,
    )
    const either = AbortSignal.any([signal, stall.signal])
    try {
      const query = {
        ...this.#selection(),
        watch: '1',
        allowWatchBookmarks: 'true',
        resourceVersion,
        timeoutSeconds: String(Math.round(WATCH_SECONDS * (1 + random()))),
      }
      const accept = this.resource.metadataOnly && { accept: METADATA_ACCEPT('PartialObjectMetadata') }
      const body = await api.stream({ path: this.resource.path, query, signal: either, ...accept })
      await this.#read(body, () => timer.refresh())
    } finally {
      clearTimeout(timer)
      observer.watchEnded(this.resource.name)
      if (now() - startMs >= HEALTHY_MS) this.#succeeded()
    }
    if (now() - startMs < HEALTHY_MS) throw new Error('the watch ended as soon as it had begun')
  }

  async #read(body: Readable, alive: () => void): Promise<void> {
    const lines = new WatchLines()
    for await (const chunk of body) {
      alive()
      this.#contact()
      for (const { type, object } of lines.take(chunk as Buffer)) this.#event(type, object as ApiObject)
    }
  }

  #event(type: string, object: ApiObject): void {
    const { sink } = this.#options
    if (type === 'ERROR') throw eventError(object)
    if (type === 'DELETED') sink.remove(object)
    else if (type !== 'BOOKMARK') sink.upsert(object)
    this.#resourceVersion = object.metadata.resourceVersion
    this.#succeeded()
  }

  #succeeded(): void {
    this.#failures = 0
    this.#reason = undefined
  }

  #contact(): void {
    const { now, heard } = this.#options
    this.#lastContactMs = now()
    heard?.()
  }
}

/** Items of built-in kinds do not say what they are; their list does. */
function typed(object: ApiObject, { apiVersion, kind }: ListPage): ApiObject {
  object.apiVersion ??= apiVersion
  object.kind ??= kind.replace(/List$/, '')
  return object
}

/** The server no longer knows the version to go on from (410), or is younger than it (504 after a restore, 400). */
function mustListAnew(error: unknown): boolean {
  return error instanceof ApiError && [400, 410, 504].includes(error.status)
}
