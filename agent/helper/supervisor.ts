/** Keeps a helper running: one life after the other, each with an epoch. */
import { setTimeout as sleep } from 'node:timers/promises'
import { asAccessLogError, type AccessLogError } from '../errors.ts'
import { backoffMs, type BackoffPolicy } from '../../crds/backoff.ts'
import type { CaptureSettings, MutedConnection, TargetLists } from './commands.ts'
import type { Batch, Counters, Hello, Library, Problem, Processes, Ready } from './gen/wire.ts'
import { HelperProcess } from './process.ts'
import type { HelperEnd, HelperListener, HelperOptions } from './contract.ts'

/** A life that became ready. Connection ids are unique within an epoch only. */
export interface HelperLife {
  /** 1 for the first attempt to start a helper, one more for each other. */
  epoch: number
  hello: Hello
  ready: Ready
}

/** Who is told. Calls come in order; after `lost`, nothing of that epoch follows. */
export interface HelperOwner {
  /** The payload is valid during the call only. The first of an epoch may come before its `ready`. */
  batch(batch: Batch, epoch: number): void
  processes(processes: Processes, epoch: number): void
  ready(life: HelperLife): void
  /** A helper ended or failed to start. The connections of its epoch will never be heard of again. */
  lost(loss: HelperLoss): void
  /** A problem that the helper survives. */
  problem(problem: Problem): void
  /** What became of the probes in a TLS library. */
  library?(library: Library): void
  log(line: string): void
}

export interface HelperLoss {
  epoch: number
  error: AccessLogError
  /** The last counters of that life, if it ever sent some: what happened after them is unknown. */
  counters: Counters | undefined
  /** Wait before the next attempt. */
  retryMs: number
}

export interface SupervisorOptions {
  helper: HelperOptions
  settings: CaptureSettings
  /** The whole target set, for a helper that has just said HELLO and knows nothing. */
  targets: (hello: Hello) => TargetLists
  backoff: BackoffPolicy
  /** Uniform in [0, 1). */
  random: () => number
  /** Milliseconds of a clock that never goes back. */
  now: () => number
}

/** Runs from {@link start} to {@link shutdown}. Between two lives commands are dropped: the targets are replayed. */
export class HelperSupervisor {
  readonly #options: SupervisorOptions
  readonly #owner: HelperOwner
  readonly #stop = new AbortController()
  #helper: HelperProcess | undefined
  #running: Promise<void> = Promise.resolve()
  #lastEnd: HelperEnd = { error: undefined, counters: undefined }
  #epoch = 0
  #restarts = 0
  #droppedMutes = 0
  #paused = false

  constructor(options: SupervisorOptions, owner: HelperOwner) {
    this.#options = options
    this.#owner = owner
  }

  /** Lives that followed a lost one. */
  get restarts(): number {
    return this.#restarts
  }

  /** Connections whose muting did not reach a helper because it did not read in time. */
  get droppedMutes(): number {
    return this.#droppedMutes + (this.#helper?.droppedMutes ?? 0)
  }

  /** The first start. Rejects when it fails: then nothing runs. Later failures are retried for ever. */
  async start(): Promise<void> {
    await this.#launch()
    this.#running = this.#keepRunning()
  }

  setTargets(targets: TargetLists): void {
    this.#helper?.setTargets(targets)
  }

  mute(connections: readonly MutedConnection[]): void {
    this.#helper?.mute(connections)
  }

  /** `undefined` when no helper runs, or it did not answer in time; then it is restarted, unless paused. */
  async stats(): Promise<Counters | undefined> {
    try {
      return await this.#helper?.stats()
    } catch {
      return undefined // the reason is reported by `lost`
    }
  }

  /** Stops reading what the helper sends, also of the next life. See {@link HelperProcess.pause}. */
  pause(): void {
    this.#paused = true
    this.#helper?.pause()
  }

  resume(): void {
    this.#paused = false
    this.#helper?.resume()
  }

  /** Ends the helper in order; its last batches arrive before this resolves. Rejects never. */
  async shutdown(): Promise<HelperEnd> {
    this.#stop.abort()
    const end = await this.#helper?.shutdown()
    await this.#running
    return end ?? this.#lastEnd
  }

  async #launch(): Promise<void> {
    const { helper: options, settings, targets } = this.#options
    this.#epoch += 1
    const epoch = this.#epoch
    const helper = await HelperProcess.start(options, this.#listenerOf(epoch), this.#stop.signal)
    const { hello } = helper
    const ready = await helper.configure(settings, targets(hello))
    this.#helper = helper
    if (this.#paused) helper.pause()
    if (this.#stop.signal.aborted) void helper.shutdown()
    this.#owner.ready({ epoch, hello, ready })
  }

  #listenerOf(epoch: number): HelperListener {
    const owner = this.#owner
    return {
      batch: (batch) => owner.batch(batch, epoch),
      processes: (processes) => owner.processes(processes, epoch),
      problem: (problem) => owner.problem(problem),
      library: (library) => owner.library?.(library),
      log: (line) => owner.log(line),
    }
  }

  async #keepRunning(): Promise<void> {
    let failures = 0
    while (this.#helper !== undefined) {
      const readyMs = this.#options.now()
      const end = await this.#helper.ended
      this.#droppedMutes += this.#helper.droppedMutes
      this.#helper = undefined
      this.#lastEnd = end
      if (this.#stop.signal.aborted) return
      const lasted = this.#options.now() - readyMs > this.#options.backoff.maxMs
      failures = await this.#relaunch(end, lasted ? 0 : failures)
    }
  }

  /** Tries until a helper is ready or a shutdown is wanted. Returns the failures in a row, the loss included. */
  async #relaunch(end: HelperEnd, before: number): Promise<number> {
    for (let loss = end, failures = before + 1; ; failures += 1) {
      await this.#waitAfter(loss, failures)
      if (this.#stop.signal.aborted) return failures
      try {
        await this.#launch()
        this.#restarts += 1
        return failures
      } catch (error) {
        loss = { error: asAccessLogError(error), counters: undefined }
      }
    }
  }

  async #waitAfter({ error, counters }: HelperEnd, failures: number): Promise<void> {
    const retryMs = backoffMs(failures, this.#options.backoff, this.#options.random)
    const epoch = this.#epoch
    this.#owner.lost({ epoch, error: asAccessLogError(error), counters, retryMs })
    await sleep(retryMs, undefined, { signal: this.#stop.signal }).catch(() => undefined)
  }
}
