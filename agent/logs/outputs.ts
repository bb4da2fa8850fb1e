/** What a shard turns its entries into: frames for the backend, text for standard output, or both. */
import type { Conversation } from './conversation.ts'
import { type Batch, FrameWriter, encodeConnection } from './encode.ts'
import { jsonLines } from './json.ts'
import type { ConnectionView, LogEntry } from './model.ts'
import { tableRow } from './table.ts'
import type { WallClock } from './time.ts'

export type TextFormat = 'json' | 'table' | 'none'

/** What one flush produced. */
export interface Flushed {
  /** For the backend; several when one could have become too large. */
  batches: Batch[]
  /** For standard output, with the number of logs in it. */
  text: string
  textLogs: number
}

/** One per shard. Holds no more than one flush. */
export class ShardOutputs {
  readonly #frames: FrameWriter | undefined
  readonly #text: ((view: ConnectionView, entry: LogEntry) => string) | undefined
  #flushed: Flushed = { batches: [], text: '', textLogs: 0 }

  constructor(options: { backend: boolean; text: TextFormat; clock: WallClock }) {
    const { clock } = options
    this.#frames = options.backend ? new FrameWriter() : undefined
    if (options.text === 'json') this.#text = (view, entry) => jsonLines(clock, view, entry)
    else if (options.text === 'table') this.#text = (view, entry) => tableRow(clock, view, entry)
    else this.#text = undefined
  }

  write(conversation: Conversation, view: ConnectionView, entry: LogEntry): void {
    if (this.#frames !== undefined) this.#writeFrames(this.#frames, conversation, view, entry)
    if (this.#text === undefined) return
    this.#flushed.text += this.#text(view, entry)
    this.#flushed.textLogs += logsIn(entry)
  }

  /** Hands over what was written since the last call. */
  take(): Flushed {
    const batch = this.#frames?.take()
    if (batch !== undefined) this.#flushed.batches.push(batch)
    const flushed = this.#flushed
    this.#flushed = { batches: [], text: '', textLogs: 0 }
    return flushed
  }

  #writeFrames(frames: FrameWriter, conversation: Conversation, view: ConnectionView, entry: LogEntry): void {
    const connection = (conversation.encoded ??= encodeConnection(view))
    if (frames.write(connection, entry)) return
    const full = frames.take()
    if (full !== undefined) this.#flushed.batches.push(full)
    frames.write(connection, entry)
  }
}

export function logsIn(entry: LogEntry): number {
  return entry.kernelLogs.length + (entry.exchange === undefined ? 0 : 1)
}
