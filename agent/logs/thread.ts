/** The messages between the main thread and a shard's worker thread. */
import type { WorkloadHint } from '../workloads/workload.ts'
import type { Batch } from './encode.ts'
import type { TextFormat } from './outputs.ts'
import type { Identity } from './shard.ts'
import type { ShardTally } from './tally.ts'

/** Given once, at the start of the thread. */
export interface ShardSetup {
  /** Shared with the main thread, see `QueueState`. */
  queue: SharedArrayBuffer
  backend: boolean
  text: TextFormat
  /** CLOCK_REALTIME minus CLOCK_MONOTONIC. */
  bootTimeNs: bigint
  flushMaxCount: number
  flushPeriodMs: number
  headBytesMax: number
  endpointsMax: number
}

/** Slots of the shared queue state: a message per batch would cost more than the batch. */
export const QueueState = {
  /** Records consumed, modulo 2^32. Written by the shard. */
  CONSUMED: 0,
  /** 1: the main thread waits for room and wants a message. Written by the main thread. */
  WATCHED: 1,
  LENGTH: 2,
} as const

export type ToShard =
  /** The payload's buffer is transferred: the sender loses it. */
  | { type: 'batch'; payload: Uint8Array<ArrayBuffer>; records: number }
  | { type: 'identified'; pid: number; identity: Identity }
  | { type: 'forget'; pid: number }
  | { type: 'reset' }
  | { type: 'stop' }

export type FromShard =
  /** Room was made; sent only while the queue is watched. */
  | { type: 'consumed' }
  | { type: 'flushed'; batches: Batch[]; text: string; textLogs: number; tally: ShardTally }
  | { type: 'identify'; pid: number; hint: WorkloadHint }
  | { type: 'mute'; sock: bigint; connection: number }
  | { type: 'stopped' }
