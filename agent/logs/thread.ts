/** The messages between the main thread and a shard's worker thread. */
import type { Workload, WorkloadHint } from '../workloads/workload.ts'
import type { Batch } from './encode.ts'
import type { TextFormat } from './outputs.ts'
import type { Turn, WantedLogs } from './rules.ts'
import type { Identity } from './names.ts'
import type { ShardTally } from './tally.ts'

/** Given once, at the start of the thread. */
export interface ShardSetup {
  /** The input queue, see queue.ts. */
  queue: SharedArrayBuffer
  backend: boolean
  text: TextFormat
  /** CLOCK_REALTIME minus CLOCK_MONOTONIC. */
  bootTimeNs: bigint
  flushMaxCount: number
  flushPeriodMs: number
  headBytesMax: number
  endpointsMax: number
  /** Remote addresses are asked for; by default not. */
  remotes?: boolean
  /** By default all logs. */
  wanted?: WantedLogs
  /** By default always. */
  turn?: Turn
}

export type ToShard =
  /** The queue is not empty any more. */
  | { type: 'wake' }
  | { type: 'identified'; pid: number; identity: Identity }
  | { type: 'forget'; pid: number }
  /** A process that was identified is called otherwise, or has another rule, also on its open connections. */
  | { type: 'renamed'; pid: number; identity: Identity }
  | { type: 'located'; address: string; port: number; workload: Workload | null }
  | { type: 'tuned'; flushMaxCount: number; flushPeriodMs: number; wanted: WantedLogs | undefined }
  | { type: 'turn'; turn: Turn }
  | { type: 'stop' }

export type FromShard =
  /** Room was made; sent only while the queue is watched. */
  | { type: 'consumed' }
  | { type: 'flushed'; batches: Batch[]; text: Uint8Array<ArrayBuffer>; textLogs: number; tally: ShardTally }
  | { type: 'locate'; address: string; port: number }
  | { type: 'identify'; pid: number; hint: WorkloadHint }
  | { type: 'mute'; sock: bigint; connection: number }
  /** The turn that it was told last holds. */
  | { type: 'turned' }
  | { type: 'stopped' }
