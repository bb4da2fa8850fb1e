/** Standard output as an output of logs: bounded, and what a slow reader cannot take is counted. */
import type { Writable } from 'node:stream'
import { free } from '../memory.ts'

/** accepted = delivered + dropped + pending, in logs. Delivered means handed to the operating system. */
export interface TextCounters {
  accepted: number
  delivered: number
  dropped: { reader_slow: number; output_failed: number }
  pending: number
}

export class TextOutput {
  readonly #stream: Writable
  readonly #maxBytes: number
  readonly #counters: TextCounters = {
    accepted: 0,
    delivered: 0,
    dropped: { reader_slow: 0, output_failed: 0 },
    pending: 0,
  }
  #failed = false

  /**
   * @param maxBytes text that may wait for the reader
   * @param onFailure called once, when the reader is gone
   */
  constructor(stream: Writable, maxBytes: number, onFailure: (error: Error) => void) {
    this.#stream = stream
    this.#maxBytes = maxBytes
    stream.on('error', (error) => {
      if (this.#failed) return
      this.#failed = true
      onFailure(error)
    })
  }

  get counters(): TextCounters {
    return { ...this.#counters, dropped: { ...this.#counters.dropped } }
  }

  /** Logs: dropped as a whole when the reader is too slow. The text is this output's from now on. */
  write(text: Uint8Array, logs: number): void {
    if (text.length === 0 && logs === 0) return
    const counters = this.#counters
    counters.accepted += logs
    if (this.#failed) counters.dropped.output_failed += logs
    else if (this.#stream.writableLength > this.#maxBytes) counters.dropped.reader_slow += logs
    else this.#send(text, logs)
  }

  /** Not logs: the ready line, titles, the summary. Never dropped. */
  line(text: string): void {
    if (!this.#failed) this.#stream.write(text)
  }

  /** Resolves when everything is with the operating system, or at the deadline. */
  async drained(deadlineMs: number): Promise<void> {
    if (this.#failed) return
    const { promise, resolve } = Promise.withResolvers<void>()
    const deadline = setTimeout(resolve, deadlineMs)
    this.#stream.write('', () => resolve())
    await promise
    clearTimeout(deadline)
  }

  #send(text: Uint8Array, logs: number): void {
    const counters = this.#counters
    counters.pending += logs
    this.#stream.write(text, (error) => {
      counters.pending -= logs
      free(text)
      if (error) counters.dropped.output_failed += logs
      else counters.delivered += logs
    })
  }
}
