/** One of the replicas leads: it alone writes. By a Lease, with the rules of client-go. */
import { setTimeout as delay } from 'node:timers/promises'
import { ApiError } from '../gather/api-error.ts'
import type { ApiServer } from '../gather/api-server.ts'
import {
  type LeaseObject,
  type ObservedLease,
  claimed,
  isFree,
  microTime,
  observe,
  released,
} from './lease.ts'

export interface LeaseTimes {
  /** A leader that is not heard of for so long may be replaced. */
  leaseDurationMs: number
  /** A leader that cannot renew for so long stops writing. Shorter than `leaseDurationMs`. */
  renewDeadlineMs: number
  /** Between two attempts to renew or to acquire, and up to a fifth more. */
  retryPeriodMs: number
}

export interface LeaderElectionOptions {
  api: ApiServer
  namespace: string
  name: string
  /** Of this process, never used by another. */
  identity: string
  times: LeaseTimes
  /** Milliseconds of a clock that never goes back. */
  now: () => number
  /** Uniform in [0, 1). */
  random: () => number
  /** @param fence aborts before anybody else can lead; writes carry it */
  onAcquired: (fence: AbortSignal) => void
  /** It could not be renewed in time. The fence has aborted; it may be acquired again. */
  onLost: () => void
  onFailed: (error: unknown) => void
}

export class LeaderElection {
  readonly #options: LeaderElectionOptions
  readonly #path: string
  #observed: ObservedLease | undefined
  #fence: AbortController | undefined
  #deadline: NodeJS.Timeout | undefined

  constructor(options: LeaderElectionOptions) {
    this.#options = options
    this.#path = `/apis/coordination.k8s.io/v1/namespaces/${options.namespace}/leases`
  }

  get isLeader(): boolean {
    return this.#fence !== undefined
  }

  /** Acquires and renews until the signal; then the lease is given back. A lease that was lost is acquired anew. */
  async run(signal: AbortSignal): Promise<void> {
    const { times, random } = this.#options
    while (!signal.aborted) {
      await this.#attempt(signal)
      const waitMs = times.retryPeriodMs * (1 + random() / 5)
      await delay(waitMs, undefined, { signal }).catch(() => {}) // the loop looks at it
    }
    const held = this.isLeader
    this.#stopWriting('the operator stops')
    if (held) await this.#release()
  }

  async #attempt(signal: AbortSignal): Promise<void> {
    const { now, onFailed } = this.#options
    const startMs = now()
    try {
      if (await this.#acquireOrRenew(signal)) this.#extend(startMs)
    } catch (error) {
      if (!signal.aborted && !isOutrun(error)) onFailed(error)
    }
  }

  /** @returns whether it is held. Two that try at once: one gets 409. */
  async #acquireOrRenew(signal: AbortSignal): Promise<boolean> {
    const { identity, now } = this.#options
    const present = await this.#read(signal)
    if (present) this.#observed = observe(this.#observed, present, now())
    const isMine = present?.spec.holderIdentity === identity
    if (this.#observed && present && !isMine && !isFree(this.#observed, now())) return false
    const written = await this.#write(present, signal)
    this.#observed = observe(this.#observed, written, now())
    return true
  }

  async #read(signal: AbortSignal): Promise<LeaseObject | undefined> {
    try {
      const path = `${this.#path}/${this.#options.name}`
      return await this.#options.api.json<LeaseObject>({ path, signal: this.#limited(signal) })
    } catch (error) {
      if (error instanceof ApiError && error.status === 404) return undefined
      throw error
    }
  }

  #write(present: LeaseObject | undefined, signal: AbortSignal): Promise<LeaseObject> {
    const { namespace, name, identity, times, api } = this.#options
    const seconds = Math.ceil(times.leaseDurationMs / 1000)
    const body = claimed(present, { name, namespace }, identity, seconds, microTime(new Date()))
    const limited = this.#limited(signal)
    if (!present) return api.json({ method: 'POST', path: this.#path, body, signal: limited })
    return api.json({ method: 'PUT', path: `${this.#path}/${name}`, body, signal: limited })
  }

  /** @param sinceMs before the request was sent: nobody can have seen the record earlier */
  #extend(sinceMs: number): void {
    const { times, now, onAcquired } = this.#options
    const leftMs = sinceMs + times.renewDeadlineMs - now()
    clearTimeout(this.#deadline)
    const isNew = this.#fence === undefined
    this.#fence ??= new AbortController()
    this.#deadline = setTimeout(() => this.#lose(), leftMs)
    if (isNew) onAcquired(this.#fence.signal)
  }

  #lose(): void {
    this.#stopWriting('the lease could not be renewed')
    this.#options.onLost()
  }

  #stopWriting(why: string): void {
    clearTimeout(this.#deadline)
    this.#fence?.abort(new Error(why))
    this.#fence = undefined
  }

  async #release(): Promise<void> {
    const { api, name, times, onFailed } = this.#options
    if (!this.#observed) return
    const body = released(this.#observed.lease, microTime(new Date()))
    const signal = AbortSignal.timeout(times.retryPeriodMs)
    await api.json({ method: 'PUT', path: `${this.#path}/${name}`, body, signal }).catch(onFailed)
  }

  #limited(signal: AbortSignal): AbortSignal {
    return AbortSignal.any([signal, AbortSignal.timeout(this.#options.times.renewDeadlineMs / 2)])
  }
}

/** Another was first: that is how it is decided who leads. */
function isOutrun(error: unknown): boolean {
  return error instanceof ApiError && error.status === 409
}
