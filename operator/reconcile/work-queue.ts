/** Keys that need work, each at most once at a time. */
import { type BackoffPolicy, backoffMs } from '../../crds/backoff.ts'

export interface WorkQueueOptions {
  /** Keys that are worked on side by side. */
  workers: number
  /** Brings the world to what is wanted for the key; when it rejects, it is called again after a wait. */
  work: (key: string) => Promise<void>
  backoff: BackoffPolicy
  /** Uniform in [0, 1). */
  random: () => number
  failed: (key: string, error: unknown, retryMs: number) => void
}

/**
 * A key that is added while it waits is one key; added while it is worked on, it is worked on once more afterwards.
 * So what is queued is bounded by what exists, and no key runs twice at once.
 */
export class WorkQueue {
  readonly #options: WorkQueueOptions
  readonly #ready = new Set<string>()
  readonly #active = new Set<string>()
  readonly #again = new Set<string>()
  readonly #failures = new Map<string, number>()
  readonly #timers = new Map<string, { timer: NodeJS.Timeout; dueMs: number }>()
  #closed = false

  constructor(options: WorkQueueOptions) {
    this.#options = options
  }

  /** Keys that wait for a worker. */
  get depth(): number {
    return this.#ready.size
  }

  get isIdle(): boolean {
    return this.#ready.size + this.#active.size + this.#timers.size === 0
  }

  add(key: string): void {
    if (this.#closed) return
    this.#cancel(key)
    if (this.#active.has(key)) this.#again.add(key)
    else this.#ready.add(key)
    this.#dispatch()
  }

  /** Adds the key then, unless something adds it sooner. */
  addAfter(key: string, delayMs: number): void {
    if (this.#closed || this.#ready.has(key)) return
    const dueMs = performance.now() + delayMs
    const present = this.#timers.get(key)
    if (present && present.dueMs <= dueMs) return
    this.#cancel(key)
    const timer = setTimeout(() => this.add(key), delayMs)
    this.#timers.set(key, { timer, dueMs })
  }

  /** Nothing begins after it; what is under way goes on. */
  close(): void {
    this.#closed = true
    this.#ready.clear()
    this.#again.clear()
    for (const key of this.#timers.keys()) this.#cancel(key)
  }

  #cancel(key: string): void {
    clearTimeout(this.#timers.get(key)?.timer)
    this.#timers.delete(key)
  }

  #dispatch(): void {
    while (this.#active.size < this.#options.workers) {
      const [key] = this.#ready
      if (key === undefined) return
      this.#ready.delete(key)
      this.#active.add(key)
      void this.#run(key)
    }
  }

  async #run(key: string): Promise<void> {
    try {
      await this.#options.work(key)
      this.#failures.delete(key)
    } catch (error) {
      this.#retry(key, error)
    }
    this.#active.delete(key)
    if (this.#again.delete(key)) this.add(key)
    this.#dispatch()
  }

  #retry(key: string, error: unknown): void {
    if (this.#closed) return
    const { backoff, random, failed } = this.#options
    const failures = (this.#failures.get(key) ?? 0) + 1
    this.#failures.set(key, failures)
    const retryMs = backoffMs(failures, backoff, random)
    failed(key, error, retryMs)
    this.addAfter(key, retryMs)
  }
}
