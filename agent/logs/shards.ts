/** The shards as the main thread sees them: worker threads with bounded queues. */
import { Worker } from 'node:worker_threads'
import { siblingModule } from '../package.ts'
import type { WorkloadHint } from '../workloads/workload.ts'
import type { Batch } from './encode.ts'
import type { Identity } from './shard.ts'
import { type ShardTally, emptyTally } from './tally.ts'
import { type FromShard, QueueState, type ShardSetup, type ToShard } from './thread.ts'

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
  flushed(batches: Batch[], text: string, textLogs: number): void
  identify(pid: number, hint: WorkloadHint): Identity
  mute(sock: bigint, connection: number): void
  /** A worker thread died; its shard is lost with what it held. The agent cannot go on without it. */
  failed(shard: number, error: Error): void
}

interface ShardThread {
  worker: Worker
  /** Records sent, modulo 2^32. */
  sent: number
  queue: Int32Array
  tally: ShardTally
  stopped: boolean
}

export class Shards {
  readonly #options: ShardsOptions
  readonly #listener: ShardsListener
  readonly #threads: ShardThread[]
  #congested = false
  #onStopped: (() => void) | undefined

  constructor(options: ShardsOptions, listener: ShardsListener) {
    this.#options = options
    this.#listener = listener
    this.#threads = Array.from({ length: options.shards }, (_, shard) => this.#start(shard))
  }

  /** Latest counts of every shard. */
  get tallies(): readonly ShardTally[] {
    return this.#threads.map(({ tally }) => tally)
  }

  /** Records that wait in the queues. */
  get queuedRecords(): number {
    return this.#threads.reduce((sum, thread) => sum + queuedIn(thread), 0)
  }

  /** @param payload its buffer is transferred: the caller loses it */
  send(shard: number, payload: Uint8Array<ArrayBuffer>, records: number): void {
    const thread = this.#threads[shard]
    if (thread === undefined) return
    thread.sent = (thread.sent + records) | 0
    post(thread, { type: 'batch', payload, records }, [payload.buffer])
    this.#watchQueues()
  }

  /** The helper began a new life. */
  reset(): void {
    for (const thread of this.#threads) post(thread, { type: 'reset' })
  }

  forget(pid: number): void {
    for (const thread of this.#threads) post(thread, { type: 'forget', pid })
  }

  /** Flushes everything and ends the threads. Resolves when all have, or at the deadline. */
  async stop(): Promise<void> {
    const stopped = new Promise<void>((resolve) => (this.#onStopped = resolve))
    for (const thread of this.#threads) post(thread, { type: 'stop' })
    const deadline = new Promise<void>((resolve) => setTimeout(resolve, this.#options.stopDeadlineMs).unref())
    await Promise.race([stopped, deadline])
    await Promise.all(this.#threads.map(({ worker }) => worker.terminate()))
  }

  #start(shard: number): ShardThread {
    const memory = new SharedArrayBuffer(4 * QueueState.LENGTH)
    const workerData: ShardSetup = { ...this.#options.setup, queue: memory }
    const worker = new Worker(siblingModule('worker', import.meta.url), { workerData })
    const queue = new Int32Array(memory)
    const thread: ShardThread = { worker, sent: 0, queue, tally: emptyTally(), stopped: false }
    worker.on('message', (message: FromShard) => this.#receive(thread, message))
    worker.on('error', (error) => this.#listener.failed(shard, error as Error))
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
    } else if (message.type === 'mute') {
      this.#listener.mute(message.sock, message.connection)
    } else {
      thread.stopped = true
      if (this.#threads.every(({ stopped }) => stopped)) this.#onStopped?.()
    }
  }

  /** One full queue stops the reading for all, because all records come through one pipe. */
  #watchQueues(): void {
    const full = this.#isFull()
    if (full === this.#congested) return
    this.#congested = full
    for (const { queue } of this.#threads) Atomics.store(queue, QueueState.WATCHED, full ? 1 : 0)
    this.#listener.congested(full)
    if (full && !this.#isFull()) this.#watchQueues()
  }

  #isFull(): boolean {
    return this.#threads.some((thread) => queuedIn(thread) > this.#options.queueSize)
  }
}

/** Records sent and not yet consumed. */
function queuedIn({ sent, queue }: ShardThread): number {
  return (sent - Atomics.load(queue, QueueState.CONSUMED)) | 0
}

function post({ worker }: ShardThread, message: ToShard, transfer: ArrayBuffer[] = []): void {
  worker.postMessage(message, transfer)
}
