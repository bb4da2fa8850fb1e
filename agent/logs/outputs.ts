/** What a shard turns its entries into: frames for the backend, text for standard output, or both. */
import type { Conversation } from './conversation.ts'
import { type Batch, FrameWriter, encodeConnection } from './encode.ts'
import { jsonLines } from './json.ts'
import { TextWriter } from './lines.ts'
import type { ConnectionView, LogEntry } from './model.ts'
import { tableRow } from './table.ts'
import type { WallClock } from './time.ts'

export type TextFormat = 'json' | 'table' | 'none'

/** What one flush produced. */
export interface Flushed {
  /** For the backend; several when one could have become too large. */
  batches: Batch[]
  /** For standard output, UTF-8, with the number of logs in it. The array owns all of its buffer. */
  text: Uint8Array<ArrayBuffer>
  textLogs: number
}

/** One per shard. Holds no more than one flush. */
export class ShardOutputs {
  readonly #frames: FrameWriter | undefined
  readonly #format: ((view: ConnectionView, entry: LogEntry) => string) | undefined
  readonly #text = new TextWriter()
  #textLogs = 0
  #batches: Batch[] = []

  constructor(options: { backend: boolean; text: TextFormat; clock: WallClock }) {
    const { clock } = options
    this.#frames = options.backend ? new FrameWriter() : undefined
    if (options.text === 'json') this.#format = (view, entry) => jsonLines(clock, view, entry)
    else if (options.text === 'table') this.#format = (view, entry) => tableRow(clock, view, entry)
    else this.#format = undefined
  }

  /** Lines are written at once, also of what is staged. */
  get writesText(): boolean {
    return this.#format !== undefined
  }

  /** An entry of a conversation that is being flushed. */
  write(conversation: Conversation, view: ConnectionView, entry: LogEntry): void {
    if (this.#frames !== undefined) this.#writeFrames(this.#frames, conversation, view, entry)
    this.#writeText(view, entry)
  }

  /**
   * An entry that goes out with the next flush, when `writeStaged` must be called for its conversation.
   * @returns false, and nothing is done, when there is no room for it
   */
  stage(conversation: Conversation, view: ConnectionView, entry: LogEntry): boolean {
    if (this.#frames?.stage(entry, conversation.staged) === false) return false
    this.#writeText(view, entry)
    return true
  }

  /** Of a conversation that is being flushed, before anything else of it. */
  writeStaged(conversation: Conversation, view: ConnectionView): void {
    if (this.#frames === undefined || conversation.staged.length === 0) return
    const connection = (conversation.encoded ??= encodeConnection(view))
    if (this.#frames.writeStaged(connection, conversation.staged)) return
    this.#takeBatch(this.#frames)
    this.#frames.writeStaged(connection, conversation.staged)
  }

  /** Hands over what was written since the last call. Nothing may be staged any more. */
  take(): Flushed {
    if (this.#frames !== undefined) {
      this.#takeBatch(this.#frames)
      this.#frames.forgetStaged()
    }
    const flushed = { batches: this.#batches, text: this.#text.take(), textLogs: this.#textLogs }
    this.#batches = []
    this.#textLogs = 0
    return flushed
  }

  #writeText(view: ConnectionView, entry: LogEntry): void {
    if (this.#format === undefined) return
    this.#text.append(this.#format(view, entry))
    this.#textLogs += logsIn(entry)
  }

  #writeFrames(frames: FrameWriter, conversation: Conversation, view: ConnectionView, entry: LogEntry): void {
    const connection = (conversation.encoded ??= encodeConnection(view))
    if (frames.write(connection, entry)) return
    this.#takeBatch(frames)
    frames.write(connection, entry)
  }

  #takeBatch(frames: FrameWriter): void {
    const batch = frames.take()
    if (batch !== undefined) this.#batches.push(batch)
  }
}

export function logsIn(entry: LogEntry): number {
  return entry.kernelLogs.length + (entry.exchange === undefined ? 0 : 1)
}
