/** What waits for the backend: first in, first out, bounded; the oldest is dropped first, and counted. */
import { free } from '../memory.ts'
import { type Batch, type LogCounts, type Parcel, addLogs, noLogs } from './batch.ts'

/**
 *     dropped ◂── oldest                              newest ◂── push
 *                 [ 7 ][ 8 ]            [ 9 ][ 10 ][ 11 ]
 *                     ▴                   │
 *                  restore ◂── stream ◂── shift
 *
 * Always: sequences rise from front to back · bytes ≤ maxBytes and logs ≤ maxLogs · bytes and logs are the sums of
 * what is inside. A batch that comes back keeps its sequence, so that it returns to its place however the streams end.
 */
export class BatchQueue {
  readonly #maxBytes: number
  readonly #maxLogs: number
  /** Valid from #head on; what is before it was shifted. */
  #parcels: Parcel[] = []
  #head = 0
  #sequence = 0
  #bytes = 0
  readonly #logs = noLogs()
  readonly #dropped = noLogs()

  /** @param maxBytes of frames @param maxLogs HTTP and kernel logs together */
  constructor(maxBytes: number, maxLogs: number) {
    this.#maxBytes = maxBytes
    this.#maxLogs = maxLogs
  }

  get bytes(): number {
    return this.#bytes
  }

  get length(): number {
    return this.#parcels.length - this.#head
  }

  /** Logs inside. */
  get logs(): Readonly<LogCounts> {
    return this.#logs
  }

  /** Logs dropped because the queue was full, since the beginning. */
  get dropped(): Readonly<LogCounts> {
    return this.#dropped
  }

  /** Takes a new batch; the queue owns it from now on. */
  push(batch: Batch): void {
    this.#parcels.push({ batch, sequence: this.#sequence++, attempts: 0 })
    this.#count(batch, 1)
    this.#shrink()
  }

  /** The oldest, no longer in the queue. */
  shift(): Parcel | undefined {
    const parcel = this.#parcels[this.#head]
    if (!parcel) return undefined
    this.#head++
    if (this.#head * 2 > this.#parcels.length) this.#compact()
    this.#count(parcel.batch, -1)
    return parcel
  }

  /** Takes back what `shift` gave, in any order; where there is no room left, the oldest go. */
  restore(parcels: readonly Parcel[]): void {
    this.#compact()
    this.#parcels = [...parcels, ...this.#parcels].sort((a, b) => a.sequence - b.sequence)
    for (const { batch } of parcels) this.#count(batch, 1)
    this.#shrink()
  }

  #shrink(): void {
    while (this.#bytes > this.#maxBytes || this.#logs.httpLogs + this.#logs.kernelLogs > this.#maxLogs) {
      const { batch } = this.shift()!
      addLogs(this.#dropped, batch)
      free(batch.frames)
    }
  }

  #compact(): void {
    this.#parcels.splice(0, this.#head)
    this.#head = 0
  }

  #count(batch: Batch, sign: 1 | -1): void {
    this.#bytes += sign * batch.frames.byteLength
    addLogs(this.#logs, batch, sign)
  }
}
