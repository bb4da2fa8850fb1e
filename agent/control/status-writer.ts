/** Writes the status of this node: soon after a change, and now and then in any case. */
import { ACCESS_LOG_STATUS, type AccessLogStatusStatus } from '../../crds/gen/accesslogstatus.ts'
import { type BackoffPolicy, backoffMs } from '../../crds/backoff.ts'
import { APPLY_PATCH, type ApiClient } from './api.ts'
import { collectionPath } from './assignment.ts'
import { ApiError } from './problem.ts'

export const FIELD_MANAGER = 'accesslog-agent'

export interface StatusWriterOptions {
  client: ApiClient
  nodeName: string
  /**
   * The status as of now, and a text that differs when something differs that is worth a write. Undefined: there is
   * no object to write to.
   */
  build: () => { status: AccessLogStatusStatus; essence: string } | undefined
  /** Uniform in [0, 1). */
  random: () => number
  /** A write failed, and is tried again; undefined: it was taken. */
  onContact: (problem: ApiError | undefined) => void
  timings?: Partial<StatusTimings>
}

export interface StatusTimings {
  /** Between two writes; only the second may follow the first, in which little is known yet, after `spreadMs`. */
  minIntervalMs: number
  /** A change waits up to this: others may follow, and not all nodes write at once. */
  spreadMs: number
  /** After a change the numbers are written again after the first, then twice as late each time, up to … */
  firstHeartbeatMs: number
  /** … this, give or take a tenth. */
  heartbeatMs: number
  /** How often is looked for changes. */
  lookMs: number
  backoff: BackoffPolicy
}

export const STATUS_TIMINGS: StatusTimings = {
  minIntervalMs: 10_000,
  spreadMs: 1_000,
  firstHeartbeatMs: 20_000,
  heartbeatMs: 300_000,
  lookMs: 1_000,
  backoff: { initialMs: 1_000, maxMs: 60_000 },
}

/** When to write next. Pure: the clock comes in. */
export class StatusSchedule {
  readonly #timings: StatusTimings
  readonly #random: () => number
  #wroteMs = -Infinity
  #writes = 0
  #changedMs: number | undefined
  #heartbeatMs: number
  #jitter: number

  constructor(timings: StatusTimings, random: () => number) {
    this.#timings = timings
    this.#random = random
    this.#heartbeatMs = timings.firstHeartbeatMs
    this.#jitter = random()
  }

  changed(nowMs: number): void {
    this.#changedMs ??= nowMs
  }

  wrote(nowMs: number): void {
    const { firstHeartbeatMs, heartbeatMs } = this.#timings
    const next = this.#changedMs === undefined ? this.#heartbeatMs * 2 : firstHeartbeatMs
    this.#heartbeatMs = Math.min(next, heartbeatMs)
    this.#changedMs = undefined
    this.#wroteMs = nowMs
    this.#writes += 1
    this.#jitter = this.#random()
  }

  /** Not sooner than `minIntervalMs` after the last write, but for the first, and never later than a heartbeat. */
  dueMs(): number {
    const { minIntervalMs, spreadMs } = this.#timings
    const earliestMs = this.#wroteMs + (this.#writes > 1 ? minIntervalMs : spreadMs)
    const beatMs = this.#wroteMs + this.#heartbeatMs * (0.9 + 0.2 * this.#jitter)
    if (this.#changedMs === undefined) return Math.max(earliestMs, beatMs)
    return Math.max(earliestMs, Math.min(beatMs, this.#changedMs + spreadMs * this.#jitter))
  }
}

/** Until {@link stop}. Only one write is under way at a time. */
export class StatusWriter {
  readonly #options: StatusWriterOptions
  readonly #timings: StatusTimings
  readonly #schedule: StatusSchedule
  readonly #stop = new AbortController()
  #timer: NodeJS.Timeout | undefined
  #writing: Promise<void> | undefined
  #essence: string | undefined
  #failures = 0
  #retryMs = -Infinity
  #writes = 0

  constructor(options: StatusWriterOptions) {
    this.#options = options
    this.#timings = { ...STATUS_TIMINGS, ...options.timings }
    this.#schedule = new StatusSchedule(this.#timings, options.random)
  }

  /** Writes that the API server took. */
  get writes(): number {
    return this.#writes
  }

  start(): void {
    this.#timer = setInterval(() => this.look(), this.#timings.lookMs)
    this.look()
  }

  /** Looks whether a write is due. To be called when something changed; otherwise once a second. */
  look(): void {
    if (this.#writing !== undefined || this.#stop.signal.aborted) return
    const nowMs = performance.now()
    const built = this.#options.build()
    if (built === undefined) return
    const { status, essence } = built
    if (essence !== this.#essence) this.#schedule.changed(nowMs)
    if (nowMs < Math.max(this.#schedule.dueMs(), this.#retryMs)) return
    this.#writing = this.#write(status, essence).finally(() => (this.#writing = undefined))
  }

  /** A last word, if the API server takes it in time. */
  async stop(deadlineMs: number): Promise<void> {
    clearInterval(this.#timer)
    const deadline = setTimeout(() => this.#stop.abort(), deadlineMs)
    await this.#writing
    const built = this.#options.build()
    const isNews = built !== undefined && built.essence !== this.#essence
    if (isNews && !this.#stop.signal.aborted) await this.#write(built.status, built.essence)
    clearTimeout(deadline)
    this.#stop.abort()
  }

  async #write(status: AccessLogStatusStatus, essence: string): Promise<void> {
    try {
      await this.#apply(status)
      this.#schedule.wrote(performance.now())
      this.#essence = essence
      this.#failures = 0
      this.#writes += 1
      this.#options.onContact(undefined)
    } catch (error) {
      if (!(error instanceof ApiError)) throw error
      this.#failures += 1
      const waitMs = backoffMs(this.#failures, this.#timings.backoff, this.#options.random)
      this.#retryMs = performance.now() + Math.max(waitMs, error.retryAfterMs)
      if (!this.#stop.signal.aborted) this.#options.onContact(error)
    }
  }

  /** Everything that is ours is sent each time: what an apply leaves out is removed. */
  #apply(status: AccessLogStatusStatus): Promise<unknown> {
    const { client, nodeName } = this.#options
    const { apiVersion, kind } = ACCESS_LOG_STATUS
    return client.json(
      {
        method: 'PATCH',
        path: `${collectionPath(ACCESS_LOG_STATUS)}/${encodeURIComponent(nodeName)}/status`,
        query: { fieldManager: FIELD_MANAGER, force: 'true' },
        contentType: APPLY_PATCH,
        body: { apiVersion, kind, metadata: { name: nodeName }, status },
      },
      this.#stop.signal,
    )
  }
}
