/** Writes of the leader: server-side apply by one field manager, limited in rate, and never after the lease is lost. */
import { setTimeout as delay } from 'node:timers/promises'
import { ApiError } from '../gather/api-error.ts'
import type { ApiServer } from '../gather/api-server.ts'
import type { ApiObject } from '../gather/reflector.ts'
import { FIELD_MANAGER } from '../objects/metadata.ts'
import { type BucketLimits, TokenBucket } from './token-bucket.ts'

/** `nodes`: one for each node, of which there may be thousands; `policies`: the few that must not wait for those. */
export type WriteClass = 'nodes' | 'policies'

export interface WriterOptions {
  api: ApiServer
  limits: Record<WriteClass, BucketLimits>
  /** Aborts when this process may no longer write. */
  fence: AbortSignal
  /** Milliseconds of a clock that never goes back. */
  now: () => number
}

const APPLY = 'application/apply-patch+yaml'

export class Writer {
  readonly #options: WriterOptions
  readonly #buckets: Record<WriteClass, TokenBucket>

  constructor(options: WriterOptions) {
    this.#options = options
    const { limits, now } = options
    this.#buckets = {
      nodes: new TokenBucket(limits.nodes, now()),
      policies: new TokenBucket(limits.policies, now()),
    }
  }

  /**
   * Makes the object what is given, fields of others left alone.
   * @param path of the object or its subresource @returns the object as it is now @throws {ApiError}
   */
  async apply<T extends ApiObject>(path: string, body: object, writes: WriteClass): Promise<T> {
    const signal = await this.#turn(writes)
    const query = { fieldManager: FIELD_MANAGER, force: 'true' }
    return this.#options.api.json<T>({ method: 'PATCH', path, query, body, contentType: APPLY, signal })
  }

  /**
   * Replaces the whole spec of an object that is there, also what other field managers own of it.
   * @returns the object as it is now @throws {ApiError}
   */
  async replaceSpec<T extends ApiObject>(path: string, spec: object, writes: WriteClass): Promise<T> {
    const signal = await this.#turn(writes)
    const body = [{ op: 'replace', path: '/spec', value: spec }]
    const query = { fieldManager: FIELD_MANAGER }
    const contentType = 'application/json-patch+json'
    return this.#options.api.json<T>({ method: 'PATCH', path, query, body, contentType, signal })
  }

  async create(path: string, body: object, writes: WriteClass): Promise<void> {
    const signal = await this.#turn(writes)
    const query = { fieldManager: FIELD_MANAGER }
    await this.#options.api.json({ method: 'POST', path, query, body, signal })
  }

  /** Deletes this very object, if it is still there. @throws {ApiError} */
  async remove(path: string, uid: string, writes: WriteClass): Promise<void> {
    const signal = await this.#turn(writes)
    try {
      await this.#options.api.json({ method: 'DELETE', path, body: { preconditions: { uid } }, signal })
    } catch (error) {
      const isGone = error instanceof ApiError && (error.status === 404 || error.status === 409)
      if (!isGone) throw error
    }
  }

  async #turn(writes: WriteClass): Promise<AbortSignal> {
    const { fence, now } = this.#options
    fence.throwIfAborted()
    const waitMs = this.#buckets[writes].take(now())
    if (waitMs > 0) await delay(waitMs, undefined, { signal: fence })
    fence.throwIfAborted()
    return fence
  }
}
