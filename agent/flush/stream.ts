/** One collect call: what was written to it, and whether the backend has confirmed that. */
import type { ClientWritableStream, ServiceError } from '@grpc/grpc-js'
import { type Parcel, messagesOf, withNode } from './batch.ts'
import type { Channel } from './channel.ts'
import { type Problem, endedEarly, explain, noAnswer, silent } from './problem.ts'

export interface StreamSettings {
  address: string
  enableTls: boolean
  /** EBPFAccessLogMessage.node, encoded: merged into the first message. */
  node: Uint8Array
  /** Longest wait for a connection. */
  connectTimeoutMs: number
  /** Longest wait for the backend's answer after `finish`. */
  confirmTimeoutMs: number
}

/** Calls from the stream to its owner; never from within a call of the owner. */
export interface StreamOwner {
  onReady(stream: CollectStream): void
  /** The last write left for the network; the next may follow. */
  onWritten(stream: CollectStream): void
  /** Nothing follows. @param problem undefined: everything written is confirmed; else nothing of it is */
  onEnd(stream: CollectStream, problem: Problem | undefined): void
}

const NOTHING = new Uint8Array(0)

export class CollectStream {
  readonly channel: Channel
  /** Written and unconfirmed, in order. */
  readonly parcels: Parcel[] = []
  /** Bytes of their frames. */
  bytes = 0
  /** There is a connection; before `onReady` nothing may be written. */
  ready = false
  /** A write is on its way; the next must wait for `onWritten`. */
  busy = false
  /** `finish` was called: the backend has been asked for its answer. */
  finished = false
  readonly #settings: StreamSettings
  readonly #owner: StreamOwner
  readonly #call: ClientWritableStream<Buffer>
  /** Holds one write. The library may still read it when the call has failed; so it is never a batch, which is freed. */
  #buffer: Buffer | undefined
  readonly #connectTimer: NodeJS.Timeout
  #confirmTimer: NodeJS.Timeout | undefined
  /** Set by `abort`: what to report instead of the status that the library makes of it. */
  #aborted: Problem | undefined
  #ended = false

  constructor(channel: Channel, settings: StreamSettings, owner: StreamOwner) {
    this.#settings = settings
    this.channel = channel
    this.#owner = owner
    this.#call = channel.open((error) => this.#end(error))
    const { address, connectTimeoutMs } = settings
    this.#connectTimer = setTimeout(() => this.abort(noAnswer(address, connectTimeoutMs)), connectTimeoutMs)
    channel.whenReady(connectTimeoutMs, () => this.#ready())
  }

  /** When ready, and not while busy or finished. */
  write(parcel: Parcel): void {
    const first = this.parcels.length === 0
    this.parcels.push(parcel)
    this.bytes += parcel.batch.frames.byteLength
    this.busy = true
    const node = first ? this.#settings.node : NOTHING
    this.#send(this.#copyOf(parcel.batch.frames, node), () => this.#written())
  }

  /** Half-closes: the backend answers when it has taken everything. Allowed while busy. */
  finish(): void {
    const { address, confirmTimeoutMs } = this.#settings
    this.finished = true
    this.#call.end()
    this.#confirmTimer = setTimeout(() => this.abort(silent(address, confirmTimeoutMs)), confirmTimeoutMs)
  }

  /** Ends at once, unconfirmed; `onEnd` follows. */
  abort(problem: Problem): void {
    this.#aborted ??= problem
    this.#call.cancel()
  }

  #copyOf(frames: Uint8Array, node: Uint8Array): Buffer {
    const length = frames.length + node.length
    this.#buffer ??= this.channel.spareBuffers.pop()
    if (this.#buffer === undefined || this.#buffer.length < length)
      this.#buffer = Buffer.allocUnsafeSlow(length)
    return withNode(frames, node, this.#buffer)
  }

  #send(frames: Buffer, done: () => void): void {
    if (this.channel.sendsAsWritten) {
      this.#call.write(frames, done)
      return
    }
    const messages = [...messagesOf(frames)]
    const last = messages.pop()!
    for (const message of messages) this.#call.write(message)
    this.#call.write(last, done)
  }

  #written(): void {
    this.busy = false
    if (!this.#ended) this.#owner.onWritten(this)
  }

  #ready(): void {
    clearTimeout(this.#connectTimer)
    if (this.#ended) return
    this.ready = true
    this.#owner.onReady(this)
  }

  #end(error: ServiceError | null): void {
    clearTimeout(this.#connectTimer)
    clearTimeout(this.#confirmTimer)
    this.#ended = true
    if (this.#buffer && !this.busy) this.channel.spareBuffers.push(this.#buffer)
    this.#owner.onEnd(this, this.#problemOf(error))
  }

  #problemOf(error: ServiceError | null): Problem | undefined {
    const { address } = this.#settings
    if (error) return this.#aborted ?? explain(this.#settings, error)
    return this.finished ? undefined : endedEarly(address)
  }
}
