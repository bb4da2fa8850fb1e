/** Delivers batches to the backend, at least once, over streams that are confirmed one after the other. */
import { backoffMs } from '../../crds/backoff.ts'
import { free } from '../memory.ts'
import { type Batch, type Parcel, addLogs } from './batch.ts'
import { type Channel, channelMaker, type Rotation } from './channel.ts'
import { canSendAsWritten } from './coalesce.ts'
import { type Problem, isRefusal, stopped } from './problem.ts'
import { BatchQueue } from './queue.ts'
import type { SenderSettings } from './settings.ts'
import { type OnStatus, type SenderStatus, StatusBoard } from './status.ts'
import { CollectStream, type StreamOwner } from './stream.ts'
import { type SenderCounters, Tally } from './tally.ts'

export interface SenderEnvironment {
  /** Uniform in [0, 1). */
  random: () => number
  onStatus: OnStatus
  /** Default: the PEM files stay as the settings have them. */
  rotation?: Rotation
}

/** OAP takes four calls at a time on a connection: one that is written to, two that wait for their confirmation. */
const STREAMS_MAX = 3

/**
 *     push ─▸ queue ─▸ open stream ── finish ─▸ finished streams ─▸ delivered
 *               ▴          │                          │
 *               └──────────┴───────── failure ────────┘     wait, then a new channel and a probe
 *
 * The backend says nothing until a stream is finished: what is written is not yet delivered. At most one stream is
 * open. A failure of any ends it too, and the next stream is a probe: it carries one batch and is finished at once,
 * so that a backend which gives up after so many messages still gets some, and little is sent in vain.
 */
export class Sender implements StreamOwner {
  readonly #settings: SenderSettings
  readonly #random: () => number
  readonly #board: StatusBoard
  readonly #makeChannel: () => Channel
  readonly #queue: BatchQueue
  readonly #tally = new Tally()
  /** The open one and the finished ones. */
  readonly #streams = new Set<CollectStream>()
  #open: CollectStream | undefined
  #channel: Channel | undefined
  /** The open stream has carried its first batch for `periodMs`. */
  #due = false
  #dueTimer: NodeJS.Timeout | undefined
  #idleTimer: NodeJS.Timeout | undefined
  #retryTimer: NodeJS.Timeout | undefined
  /** In a row; 0 after a confirmation. */
  #failures = 0
  /** The last failure was that there was no connection: having one disproves it. */
  #unconnected = true
  /** Set by `stop`; called when nothing is left to deliver. */
  #onDrained: (() => void) | undefined

  private constructor(settings: SenderSettings, environment: SenderEnvironment, makeChannel: () => Channel) {
    this.#settings = settings
    this.#random = environment.random
    this.#board = new StatusBoard(environment.onStatus)
    this.#makeChannel = makeChannel
    this.#queue = new BatchQueue(settings.queueMaxBytes, settings.queueMaxLogs)
  }

  /**
   * Begins to connect; whether that works is told by `status`.
   * @param coalesce many messages in one write; off only to measure what it saves
   * @throws BackendSettingError
   */
  static async start(
    settings: SenderSettings,
    environment: SenderEnvironment,
    coalesce = true,
  ): Promise<Sender> {
    const sendsAsWritten = coalesce && (await canSendAsWritten())
    const makeChannel = channelMaker(settings, sendsAsWritten, environment.rotation)
    const sender = new Sender(settings, environment, makeChannel)
    sender.#connect()
    return sender
  }

  get status(): SenderStatus {
    return this.#board.status
  }

  get counters(): SenderCounters {
    return this.#tally.snapshot(this.#queue, this.#unconfirmed())
  }

  /** Never blocks, never throws. The batch is the sender's from now on; after `stop` it is dropped, counted. */
  push(batch: Batch): void {
    addLogs(this.#tally.accepted, batch)
    if (this.#onDrained) {
      addLogs(this.#tally.shutdownDeadline, batch)
      return
    }
    this.#queue.push(batch)
    this.#pump()
  }

  /**
   * Sends what is queued and waits for all confirmations, at most `deadlineMs`; what is not confirmed then is dropped
   * as `shutdown_deadline`, although the backend may have it. The sender is at rest afterwards. Call once.
   */
  async stop(deadlineMs: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#onDrained = resolve
    const deadline = setTimeout(resolve, deadlineMs)
    if (this.#retryTimer) this.#retry()
    this.#pump()
    await promise
    clearTimeout(deadline)
    this.#close()
  }

  onReady(stream: CollectStream): void {
    if (stream !== this.#open) return
    if (this.#unconnected) this.#board.connected()
    this.#idleTimer = setTimeout(() => {
      if (stream.parcels.length === 0) this.#setHealthy()
    }, this.#settings.confirmTimeoutMs)
    this.#pump()
  }

  onWritten(): void {
    this.#pump()
  }

  onEnd(stream: CollectStream, problem: Problem | undefined): void {
    if (!this.#streams.delete(stream)) return
    if (stream === this.#open) this.#leaveOpen()
    if (problem) this.#fail(stream, problem)
    else this.#confirm(stream)
    this.#pump()
  }

  #connect(): void {
    this.#channel ??= this.#makeChannel()
    this.#open = new CollectStream(this.#channel, this.#settings, this)
    this.#streams.add(this.#open)
    this.#tally.streams++
  }

  /** Moves what can move; called after every event. */
  #pump(): void {
    const stream = this.#open
    if (stream && this.#canWrite(stream)) this.#writeNext(stream)
    if (stream && this.#shouldFinish(stream)) this.#finish(stream)
    if (this.#onDrained && this.#atRest()) this.#onDrained()
  }

  #canWrite(stream: CollectStream): boolean {
    if (!stream.ready || stream.busy) return false
    if (this.#failures > 0 && stream.parcels.length > 0) return false
    return this.#unconfirmedBytes() < this.#settings.unconfirmedMaxBytes
  }

  #writeNext(stream: CollectStream): void {
    const parcel = this.#queue.shift()
    if (!parcel) return
    if (parcel.attempts++ > 0) addLogs(this.#tally.resent, parcel.batch)
    if (stream.parcels.length === 0) this.#awaitDue()
    stream.write(parcel)
  }

  #awaitDue(): void {
    this.#dueTimer = setTimeout(() => {
      this.#due = true
      this.#pump()
    }, this.#settings.periodMs)
  }

  /** Whether its confirmation is wanted now: it is due, full, a probe, or the last one. */
  #shouldFinish(stream: CollectStream): boolean {
    if (stream.parcels.length === 0) return false
    if (this.#onDrained && this.#queue.length === 0) return true
    if (this.#streams.size >= STREAMS_MAX) return false
    return this.#due || this.#failures > 0 || stream.bytes >= this.#settings.streamMaxBytes
  }

  #finish(stream: CollectStream): void {
    this.#leaveOpen()
    stream.finish()
    this.#connectIfNeeded()
  }

  #leaveOpen(): void {
    this.#open = undefined
    this.#due = false
    clearTimeout(this.#dueTimer)
    clearTimeout(this.#idleTimer)
  }

  /**
   * A stream is kept open, also when there is nothing to send: trouble shows before it matters. Not after a failure,
   * where the retry opens it or the probe must be confirmed first; not when nothing will follow.
   */
  #connectIfNeeded(): void {
    const last = this.#onDrained && this.#queue.length === 0
    if (!this.#open && !last && this.#failures === 0) this.#connect()
  }

  #confirm(stream: CollectStream): void {
    for (const { batch } of stream.parcels) {
      addLogs(this.#tally.delivered, batch)
      free(batch.frames)
    }
    if (stream.channel !== this.#channel) return
    this.#setHealthy()
    this.#connectIfNeeded()
  }

  /** Streams of a channel that was given up end in their own time, and change nothing for the channel after it. */
  #fail(stream: CollectStream, problem: Problem): void {
    this.#queue.restore(stream.parcels)
    if (stream.channel !== this.#channel) return this.#connectIfNeeded()
    this.#unconnected = !stream.ready
    this.#board.failed(problem)
    if (this.#open) this.#giveUp(this.#open)
    this.#channel.close()
    this.#channel = undefined
    this.#failures++
    this.#retryTimer = setTimeout(() => this.#retry(), this.#delayMs(problem))
  }

  /** Another stream failed: nothing more is written to the open one, what it carries is asked for at once. */
  #giveUp(open: CollectStream): void {
    this.#leaveOpen()
    if (open.parcels.length > 0) open.finish()
    else this.#forget(open)
  }

  #delayMs(problem: Problem): number {
    const { backoff } = this.#settings
    const policy = isRefusal(problem) ? { ...backoff, initialMs: backoff.maxMs } : backoff
    return backoffMs(this.#failures, policy, this.#random)
  }

  #retry(): void {
    clearTimeout(this.#retryTimer)
    this.#retryTimer = undefined
    this.#tally.reconnects++
    this.#connect()
  }

  #close(): void {
    clearTimeout(this.#retryTimer)
    this.#leaveOpen()
    for (const { batch } of this.#unconfirmed()) addLogs(this.#tally.shutdownDeadline, batch)
    for (const stream of [...this.#streams]) this.#forget(stream)
    for (let left = this.#queue.shift(); left; left = this.#queue.shift()) {
      addLogs(this.#tally.shutdownDeadline, left.batch)
    }
    this.#channel?.close()
  }

  /** Its end is of no interest any more. */
  #forget(stream: CollectStream): void {
    this.#streams.delete(stream)
    stream.abort(stopped)
  }

  /** The backend takes logs, or has at least let a stream idle for long. */
  #setHealthy(): void {
    this.#failures = 0
    this.#board.connected()
  }

  #atRest(): boolean {
    return this.#queue.length === 0 && this.#unconfirmedBytes() === 0
  }

  *#unconfirmed(): Generator<Parcel> {
    for (const stream of this.#streams) yield* stream.parcels
  }

  #unconfirmedBytes(): number {
    let bytes = 0
    for (const stream of this.#streams) bytes += stream.bytes
    return bytes
  }
}
