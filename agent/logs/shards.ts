/** The shards as the main thread sees them: worker threads with bounded queues. */
import { Worker } from 'node:worker_threads'
import { siblingModule } from '../package.ts'
import type { Workload, WorkloadHint } from '../workloads/workload.ts'
import type { Batch } from './encode.ts'
import { QueueWriter, queueMemory } from './queue.ts'
import type { Identity } from './names.ts'
import type { Turn, WantedLogs } from './rules.ts'
import { type ShardTally, emptyTally } from './tally.ts'
import type { FromShard, ShardSetup, ToShard } from './thread.ts'

/** Shared memory of a queue; all of it becomes resident, because the ring is written from end to end. */
const QUEUE_BYTES = 2 * 1024 * 1024
/**
 * Kept free for what still comes after reading is paused: the rest of a chunk of the pipe, 64 KiB, and a batch that
 * was nearly whole. The helper's have at most 256 KiB, and take twice that when they do not fit at the end of the ring.
 */
const QUEUE_RESERVE_BYTES = 1024 * 1024
/**
 * Young generation of a thread, three semi-spaces. What waits for a flush waits as bytes outside of it; lines of text
 * pass through it as strings.
 */
const YOUNG_MB = 6
const YOUNG_WITH_TEXT_MB = 8
/** Stands for a new life of the helper. */
const RESET = new Uint8Array(0)

export interface ShardsOptions {
  /** Worker threads: `protocolAnalyze.parallels`. */
  shards: number
  /** Records that may wait in a shard's queue: `protocolAnalyze.queueSize`. */
  queueSize: number
  setup: Omit<ShardSetup, 'queue'>
  /** Ends known anywhere: no more may be waited for. Milliseconds. */
  stopDeadlineMs: number
}

/** What the shards hand to the rest of the agent. All calls come from the main thread's event loop. */
export interface ShardsListener {
  /** A shard's queue is full (true), or all have room again (false): stop and go on reading from the helper. */
  congested(full: boolean): void
  /** Finished logs of one flush. */
  flushed(batches: Batch[], text: Uint8Array, textLogs: number): void
  identify(pid: number, hint: WorkloadHint): Identity
  /** Whose a remote address is; undefined: nobody's that is known. Never rejects. */
  locate?(address: string, port: number): Promise<Workload | undefined>
  mute(sock: bigint, connection: number): void
  /** A worker thread died; its shard is lost with what it held. The agent cannot go on without it. */
  failed(shard: number, error: Error): void
}

interface ShardThread {
  worker: Worker
  queue: QueueWriter
  tally: ShardTally
  /** A new life of the helper is still to be told; its batches must wait for that. */
  resetDue: boolean
  stopped: boolean
  /** To be called when the turn that it was told holds. */
  onTurned: (() => void) | undefined
}

export class Shards {
  readonly #options: ShardsOptions
  readonly #listener: ShardsListener
  #queueSize: number
  readonly #threads: ShardThread[]
  #congested = false
  #onStopped: (() => void) | undefined

  constructor(options: ShardsOptions, listener: ShardsListener) {
    this.#options = options
    this.#listener = listener
    this.#queueSize = options.queueSize
    this.#threads = Array.from({ length: options.shards }, (_, shard) => this.#start(shard))
  }

  /** Latest counts of every shard. */
  get tallies(): readonly ShardTally[] {
    return this.#threads.map(({ tally }) => tally)
  }

  /** Records that wait in the queues. */
  get queuedRecords(): number {
    return this.#threads.reduce((sum, { queue }) => sum + queue.queuedRecords, 0)
  }

  /**
   * Copies a batch into the shard's queue. False, and the batch is dropped, when there is no room: that happens only
   * to a caller that goes on after `congested(true)`.
   */
  send(shard: number, payload: Uint8Array, records: number): boolean {
    const thread = this.#threads[shard]
    if (thread === undefined || !tellReset(thread) || !offer(thread, payload, records)) return false
    this.#watchQueues()
    return true
  }

  /** The helper began a new life. Told through the queues, behind the batches of the old one. */
  reset(): void {
    for (const thread of this.#threads) {
      thread.resetDue = true
      tellReset(thread)
    }
  }

  forget(pid: number): void {
    for (const thread of this.#threads) post(thread, { type: 'forget', pid })
  }

  /** What the process is called from now on, also on connections that are open. */
  rename(pid: number, identity: Identity): void {
    for (const thread of this.#threads) post(thread, { type: 'renamed', pid, identity })
  }

  /** Other limits and other logs, from now on. @param queueSize as in the options */
  tune(queueSize: number, flushMaxCount: number, flushPeriodMs: number, wanted?: WantedLogs): void {
    this.#queueSize = queueSize
    for (const thread of this.#threads) post(thread, { type: 'tuned', flushMaxCount, flushPeriodMs, wanted })
    this.#watchQueues()
  }

  /** When what is seen is told; see {@link Turn}. Resolves when all threads know, or at the deadline. */
  async turn(turn: Turn): Promise<void> {
    const known = this.#threads.map((thread) => {
      post(thread, { type: 'turn', turn })
      return new Promise<void>((resolve) => (thread.onTurned = resolve))
    })
    await Promise.race([Promise.all(known), this.#deadline()])
  }

  /** Flushes everything and ends the threads. Resolves when all have, or at the deadline. */
  async stop(): Promise<void> {
    if (this.#threads.every(({ stopped }) => stopped)) return
    const stopped = new Promise<void>((resolve) => (this.#onStopped = resolve))
    for (const thread of this.#threads) post(thread, { type: 'stop' })
    await Promise.race([stopped, this.#deadline()])
    await Promise.all(this.#threads.map(({ worker }) => worker.terminate()))
  }

  #deadline(): Promise<void> {
    return new Promise((resolve) => setTimeout(resolve, this.#options.stopDeadlineMs).unref())
  }

  #start(shard: number): ShardThread {
    const memory = queueMemory(QUEUE_BYTES)
    const workerData: ShardSetup = { ...this.#options.setup, queue: memory }
    const resourceLimits = {
      maxYoungGenerationSizeMb: workerData.text === 'none' ? YOUNG_MB : YOUNG_WITH_TEXT_MB,
    }
    const worker = new Worker(siblingModule('worker', import.meta.url), { workerData, resourceLimits })
    const thread: ShardThread = {
      worker,
      queue: new QueueWriter(memory),
      tally: emptyTally(),
      resetDue: false,
      stopped: false,
      onTurned: undefined,
    }
    worker.on('message', (message: FromShard) => this.#receive(thread, message))
    worker.on('error', (error) => this.#listener.failed(shard, error as Error))
    worker.on('exit', () => this.#markStopped(thread))
    return thread
  }

  #receive(thread: ShardThread, message: FromShard): void {
    if (message.type === 'consumed') this.#watchQueues()
    else if (message.type === 'flushed') {
      thread.tally = message.tally
      this.#listener.flushed(message.batches, message.text, message.textLogs)
    } else if (message.type === 'identify') {
      const { pid } = message
      post(thread, { type: 'identified', pid, identity: this.#listener.identify(pid, message.hint) })
    } else if (message.type === 'locate') {
      void this.#locate(thread, message.address, message.port)
    } else if (message.type === 'mute') {
      this.#listener.mute(message.sock, message.connection)
    } else if (message.type === 'turned') {
      thread.onTurned?.()
    } else {
      this.#markStopped(thread)
    }
  }

  async #locate(thread: ShardThread, address: string, port: number): Promise<void> {
    const workload = (await this.#listener.locate?.(address, port)) ?? null
    if (!thread.stopped) post(thread, { type: 'located', address, port, workload })
  }

  /** Also when it died: nobody has to wait for it. */
  #markStopped(thread: ShardThread): void {
    thread.stopped = true
    if (this.#threads.every(({ stopped }) => stopped)) this.#onStopped?.()
  }

  /** One full queue stops the reading for all, because all records come through one pipe. */
  #watchQueues(): void {
    const full = this.#isFull()
    if (full === this.#congested) return
    this.#congested = full
    for (const { queue } of this.#threads) queue.watch(full)
    this.#listener.congested(full)
    if (full && !this.#isFull()) this.#watchQueues()
  }

  #isFull(): boolean {
    return this.#threads.some(
      ({ queue }) =>
        queue.queuedRecords > this.#queueSize || queue.usedBytes > QUEUE_BYTES - QUEUE_RESERVE_BYTES,
    )
  }
}

/** False when there was no room; then it is tried again before the next batch. */
function tellReset(thread: ShardThread): boolean {
  if (thread.resetDue) thread.resetDue = !offer(thread, RESET, 0)
  return !thread.resetDue
}

function offer(thread: ShardThread, payload: Uint8Array, records: number): boolean {
  if (!thread.queue.offer(payload, records)) return false
  if (thread.queue.mustWake()) post(thread, { type: 'wake' })
  return true
}

function post({ worker }: ShardThread, message: ToShard): void {
  worker.postMessage(message)
}
