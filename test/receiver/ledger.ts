/** What a receiver has taken and what it would have dropped, and why. */
import { type Outline, type Reason, outlineOf } from './outline.ts'

export interface Ledger {
  httpLogs: number
  kernelLogs: number
  /** Logs by reason, HTTP and kernel logs together. */
  rejected: Partial<Record<Reason | 'malformed', number>>
  messages: number
  /** Streams opened, and those of them that ended with a half-close. */
  streams: number
  completed: number
}

export const emptyLedger = (): Ledger => ({
  httpLogs: 0,
  kernelLogs: 0,
  rejected: {},
  messages: 0,
  streams: 0,
  completed: 0,
})

/** The state that the protocol keeps per stream, and its rules. */
export class StreamRules {
  readonly #ledger: Ledger
  #hasNode = false
  #connection: 'valid' | Reason = 'connection_missing'

  constructor(ledger: Ledger) {
    this.#ledger = ledger
  }

  /** Enters one message. Rejected: something of it was. */
  enter(bytes: Buffer): 'accepted' | 'rejected' | 'malformed' {
    this.#ledger.messages++
    const outline = this.#outline(bytes)
    if (!outline) return 'malformed'
    this.#hasNode ||= outline.node
    this.#connection = outline.connection ?? this.#connection
    const fault = this.#hasNode ? this.#connection : 'node_missing'
    if (fault === 'valid') return this.#accept(outline)
    this.#reject(fault, outline.kernelLogs + (outline.http ? 1 : 0))
    return 'rejected'
  }

  #outline(bytes: Buffer): Outline | undefined {
    try {
      return outlineOf(bytes)
    } catch (error) {
      if (!(error instanceof RangeError)) throw error
      this.#reject('malformed', 1)
      return undefined
    }
  }

  #accept({ kernelLogs, brokenOperations, http }: Outline): 'accepted' | 'rejected' {
    this.#ledger.kernelLogs += kernelLogs - brokenOperations.length
    for (const reason of brokenOperations) this.#reject(reason, 1)
    if (http === 'valid') this.#ledger.httpLogs++
    else if (http) this.#reject(http, 1)
    const whole = brokenOperations.length === 0 && (http === 'valid' || http === undefined)
    return whole ? 'accepted' : 'rejected'
  }

  #reject(reason: Reason | 'malformed', logs: number): void {
    if (logs > 0) this.#ledger.rejected[reason] = (this.#ledger.rejected[reason] ?? 0) + logs
  }
}
