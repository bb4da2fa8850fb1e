/** What the sender can be told. */
import type { BackoffPolicy } from '../../crds/backoff.ts'
import type { BackendSettings } from './channel.ts'

export interface SenderSettings extends BackendSettings {
  /** EBPFAccessLogMessage.node, encoded (encodeNode). */
  node: Uint8Array
  /** What may wait, in bytes of frames; beyond it the oldest batch is dropped. */
  queueMaxBytes: number
  /** The same in logs, HTTP and kernel logs together. */
  queueMaxLogs: number
  /** A stream is asked for its confirmation this long after its first batch … */
  periodMs: number
  /** … or when it carries this many bytes. */
  streamMaxBytes: number
  /** Sent and unconfirmed bytes, of all streams, at which writing pauses. */
  unconfirmedMaxBytes: number
  /** Longest wait for a connection. */
  connectTimeoutMs: number
  /** Longest wait for the backend's answer once it has been asked. */
  confirmTimeoutMs: number
  backoff: BackoffPolicy
}

export const SENDER_DEFAULTS = {
  queueMaxBytes: 64 * 1024 * 1024,
  queueMaxLogs: 1_000_000,
  periodMs: 5_000,
  streamMaxBytes: 4 * 1024 * 1024,
  unconfirmedMaxBytes: 16 * 1024 * 1024,
  connectTimeoutMs: 10_000,
  confirmTimeoutMs: 20_000,
  backoff: { initialMs: 500, maxMs: 30_000 },
} as const satisfies Partial<SenderSettings>
