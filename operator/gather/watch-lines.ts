/** A watch's bytes as events: one JSON object a line. */

/** Larger than any object that etcd stores. */
const LINE_BYTES_MAX = 8 * 1024 * 1024
const LINE_FEED = 10

export interface WatchEvent {
  type: 'ADDED' | 'BOOKMARK' | 'DELETED' | 'ERROR' | 'MODIFIED'
  object: unknown
}

/** Splits what comes in any pieces. Holds one unfinished line at most. */
export class WatchLines {
  #parts: Buffer[] = []
  #partBytes = 0

  /** The events that end in this chunk. @throws when a line is longer than any object, or no JSON */
  take(chunk: Buffer): WatchEvent[] {
    const events: WatchEvent[] = []
    let start = 0
    for (let end = chunk.indexOf(LINE_FEED); end !== -1; end = chunk.indexOf(LINE_FEED, start)) {
      const line = this.#line(chunk.subarray(start, end))
      start = end + 1
      if (line.length > 0) events.push(JSON.parse(line.toString('utf8')) as WatchEvent)
    }
    if (start < chunk.length) this.#keep(chunk.subarray(start))
    return events
  }

  #line(last: Buffer): Buffer {
    if (this.#parts.length === 0) return last
    const line = Buffer.concat([...this.#parts, last])
    this.#parts = []
    this.#partBytes = 0
    return line
  }

  #keep(part: Buffer): void {
    this.#partBytes += part.length
    if (this.#partBytes > LINE_BYTES_MAX)
      throw new Error(`a watch event is longer than ${LINE_BYTES_MAX} bytes`)
    this.#parts.push(part)
  }
}
