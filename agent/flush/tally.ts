/** What became of the logs that the sender was given. */
import { type LogCounts, type Parcel, addLogs, noLogs } from './batch.ts'
import type { BatchQueue } from './queue.ts'

/** accepted = delivered + dropped + queued + unconfirmed, at any time. */
export interface SenderCounters {
  accepted: LogCounts
  /** Confirmed by the backend. */
  delivered: LogCounts
  dropped: {
    /** The oldest, when more waited than the queue may hold. */
    queue_full: LogCounts
    /** Not confirmed when the deadline of `stop` came, or pushed after `stop`. */
    shutdown_deadline: LogCounts
  }
  /** Waiting to be sent. */
  queued: LogCounts
  /** Sent; the backend has not answered yet. */
  unconfirmed: LogCounts
  /** Sent once more after a stream failed: the backend may have them twice. */
  resent: LogCounts
  /** Calls opened. */
  streams: number
  /** Those of them that were opened after a failure. */
  reconnects: number
}

export class Tally {
  readonly accepted = noLogs()
  readonly delivered = noLogs()
  readonly shutdownDeadline = noLogs()
  readonly resent = noLogs()
  streams = 0
  reconnects = 0

  /** A copy of everything, with what is on its way. @param parcels of the streams */
  snapshot(queue: BatchQueue, parcels: Iterable<Parcel>): SenderCounters {
    const unconfirmed = noLogs()
    for (const { batch } of parcels) addLogs(unconfirmed, batch)
    return {
      accepted: { ...this.accepted },
      delivered: { ...this.delivered },
      dropped: { queue_full: { ...queue.dropped }, shutdown_deadline: { ...this.shutdownDeadline } },
      queued: { ...queue.logs },
      unconfirmed,
      resent: { ...this.resent },
      streams: this.streams,
      reconnects: this.reconnects,
    }
  }
}
