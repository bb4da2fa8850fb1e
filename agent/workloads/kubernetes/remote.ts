/** Whose a remote address is: local pods at once, everything else by asking the operator in batches. */
import { type AddressOwner, ADDRESSES_MAX, type AddressesResponse } from '../../../crds/naming/addresses.ts'
import { inCluster } from '../../../crds/naming/workload.ts'
import { type BackoffPolicy, backoffMs } from '../../../crds/backoff.ts'
import { RecentMap } from '../recent.ts'
import type { Workload } from '../workload.ts'
import type { Pods } from './pods.ts'

/** The seam through which a conversation gets the name of its other end. */
export interface RemoteDirectory {
  /** What is known now; asks for what is not. Never throws, never waits. */
  lookup(address: string, port: number): Workload | undefined
  /** The same when the answer is there, at the latest after {@link ANSWER_DEADLINE_MS}; undefined: go without. */
  resolve(address: string, port: number): Promise<Workload | undefined>
}

/** Asks the operator. Rejects when there is no answer; `retryAfterMs` of the error is honoured. */
export type AskAddresses = (addresses: string[]) => Promise<AddressesResponse>

export interface RemoteDirectoryOptions {
  pods: Pods
  /** Prefix of names that have none. */
  clusterName: () => string
  ask: AskAddresses
  /** Milliseconds of a clock that never goes back. */
  now: () => number
  random: () => number
  /** Answers remembered. */
  capacity?: number
}

export interface RemoteCounters {
  /** Answered by a pod of this node, or by what was remembered. */
  known: number
  /** Had to be asked for. */
  asked: number
  /** Not asked for, because too many waited already. */
  dropped: number
  /** Requests to the operator, and those without an answer. */
  requests: number
  failures: number
}

export const ANSWER_DEADLINE_MS = 1_000
/** Addresses that are new together are asked for together. */
const GATHER_MS = 20
const WAITING_MAX = 10_000
/** An answer that expired is better than none for this long, while the operator is away. */
const STALE_MS = 60_000
const BACKOFF: BackoffPolicy = { initialMs: 500, maxMs: 30_000 }

interface Answer {
  workload: Workload | undefined
  expiresMs: number
}

interface Waiting {
  asking: boolean
  done: PromiseWithResolvers<void>
}

export class ClusterAddresses implements RemoteDirectory {
  readonly #options: RemoteDirectoryOptions
  readonly #answers: RecentMap<string, Answer>
  readonly #waiting = new Map<string, Waiting>()
  readonly #counters: RemoteCounters = { known: 0, asked: 0, dropped: 0, requests: 0, failures: 0 }
  #timer: NodeJS.Timeout | undefined
  #failures = 0
  #stopped = false

  constructor(options: RemoteDirectoryOptions) {
    this.#options = options
    this.#answers = new RecentMap(options.capacity ?? 16_384)
  }

  get counters(): Readonly<RemoteCounters> {
    return this.#counters
  }

  lookup(address: string, port: number): Workload | undefined {
    const local = this.#local(address, port)
    if (local !== undefined) {
      this.#counters.known += 1
      return local
    }
    if (isOfOneHost(address)) return undefined
    const nowMs = this.#options.now()
    const answer = this.#answers.get(address)
    if (answer !== undefined && nowMs < answer.expiresMs) this.#counters.known += 1
    else this.#want(address)
    return answer !== undefined && nowMs < answer.expiresMs + STALE_MS ? answer.workload : undefined
  }

  async resolve(address: string, port: number): Promise<Workload | undefined> {
    const known = this.lookup(address, port)
    const waiting = this.#waiting.get(address)
    if (known !== undefined || waiting === undefined) return known
    const late = Promise.withResolvers<void>()
    const timer = setTimeout(late.resolve, ANSWER_DEADLINE_MS)
    await Promise.race([waiting.done.promise, late.promise])
    clearTimeout(timer)
    return this.#answers.get(address)?.workload
  }

  /** Nothing is asked any more; who waits goes without. */
  stop(): void {
    this.#stopped = true
    clearTimeout(this.#timer)
    for (const { done } of this.#waiting.values()) done.resolve()
    this.#waiting.clear()
  }

  #local(address: string, port: number): Workload | undefined {
    const { pods } = this.#options
    const pod = pods.podWithAddress(address)
    if (pod === undefined) return undefined
    const serving = pod.containers.filter(({ part }) => part === 'main' || part === 'sidecar')
    const byPort = pod.containers.find(({ ports }) => ports.includes(port))
    const container = byPort ?? (serving.length === 1 ? serving[0] : undefined)
    return nameless(pods.serviceOf(pod), pod.name, container?.name)
  }

  #want(address: string): void {
    if (this.#stopped || this.#waiting.has(address)) return
    if (this.#waiting.size >= WAITING_MAX) {
      this.#counters.dropped += 1
      return
    }
    this.#counters.asked += 1
    this.#waiting.set(address, { asking: false, done: Promise.withResolvers() })
    this.#timer ??= setTimeout(() => void this.#askWaiting(), GATHER_MS)
  }

  /** One request at a time; after a failure no other before the pause is over. */
  async #askWaiting(): Promise<void> {
    const addresses = [...this.#waiting.keys()].slice(0, ADDRESSES_MAX)
    const pauseMs = addresses.length === 0 ? 0 : await this.#ask(addresses)
    this.#timer = undefined
    const isDue = this.#waiting.size > 0 || pauseMs > 0
    if (isDue && !this.#stopped) this.#timer = setTimeout(() => void this.#askWaiting(), pauseMs)
  }

  /** @returns how long to wait before the next; 0 when it was answered */
  async #ask(addresses: string[]): Promise<number> {
    this.#counters.requests += 1
    try {
      this.#learn(addresses, await this.#options.ask(addresses))
      this.#failures = 0
      return 0
    } catch (error) {
      this.#failures += 1
      this.#counters.failures += 1
      for (const address of addresses) this.#settle(address)
      const { retryAfterMs = 0 } = error as { retryAfterMs?: number }
      return Math.max(retryAfterMs, backoffMs(this.#failures, BACKOFF, this.#options.random))
    }
  }

  #learn(asked: readonly string[], { addresses, maxAgeMs }: AddressesResponse): void {
    const expiresMs = this.#options.now() + maxAgeMs
    for (const address of asked) {
      this.#answers.set(address, { workload: this.#workloadOf(addresses[address]), expiresMs })
      this.#settle(address)
    }
  }

  /** Whoever waits goes on; without an answer the next that sees the address asks again. */
  #settle(address: string): void {
    this.#waiting.get(address)?.done.resolve()
    this.#waiting.delete(address)
  }

  #workloadOf(owner: AddressOwner | undefined): Workload | undefined {
    if (owner === undefined) return undefined
    return nameless(inCluster(owner.service, this.#options.clusterName()), owner.pod, owner.container)
  }
}

/** Loopback and link-local addresses mean something on their host only. */
function isOfOneHost(address: string): boolean {
  return /^(127\.|169\.254\.|0\.0\.0\.0$|::1?$|fe80:)/.test(address)
}

/** A workload of which no process is known. */
function nameless(service: string, pod = '', container = ''): Workload {
  return { service, pod, container, process: '', pid: 0 }
}
