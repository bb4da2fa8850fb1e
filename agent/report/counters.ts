/** What every stage counts. The numbers only grow; they are summed over shards and over the lives of the helper. */
import type { HelperCounter, KernelCounter } from '../helper/gen/wire.ts'
import type { KernelLogKind } from '../logs/model.ts'

/** Counts by a rule or a reason, in snake_case, for example `exclude_namespace` or `queue_full`. */
export type CountsBy = Record<string, number>

/** Records as they arrive from the helper. */
export interface RecordCounters {
  /** Records handed to a shard, or to the process table of the main thread. */
  received: number
  /** Records known to be lost on the way, by reason: `malformed`, `shard_crashed`, `helper_crashed`. */
  dropped: CountsBy
}

/** What the shards make of the records. */
export interface ShardCounters {
  /** connect, accept, close, read and write operations that the records tell of, folded calls included. */
  operations: number
  /** Operations that went into kernel logs. */
  operationsLogged: number
  /** Operations that no log is made of, by rule. */
  operationsFiltered: CountsBy
  /** Operations that could not be logged, by reason. */
  operationsDropped: CountsBy
  /** Operations that wait to be logged. */
  operationsPending: number
  /** DATA records that the totals prove to be lost; their calls and bytes are in `operations` all the same. */
  recordsLost: number
  /** Exchanges that analyzers finished. */
  exchanges: number
  exchangesFiltered: CountsBy
  exchangesDropped: CountsBy
  /** Of the exchanges, those with something unknown. */
  exchangesIncomplete: number
  /** Connections whose payload is no longer copied, because no analyzer reads it. */
  connectionsMuted: number
}

/** Logs handed to the outputs. */
export interface LogCounters {
  http: number
  kernel: Record<KernelLogKind, number>
}

/** One output: accepted = delivered + dropped + pending. The unit is a log: an HTTP log or a kernel log. */
export interface OutputCounters {
  accepted: number
  delivered: number
  dropped: CountsBy
  pending: number
}

export type OutputName = 'json' | 'table' | 'backend'

export interface Counters {
  kernel: Record<KernelCounter, number>
  helper: Record<HelperCounter, number>
  /** Helpers that crashed: what was in their buffers is lost and cannot be counted. */
  helperLivesLost: number
  records: RecordCounters
  shards: ShardCounters
  logs: LogCounters
  /** Outputs in use. */
  outputs: Partial<Record<OutputName, OutputCounters>>
}

/** Nested objects of numbers, such as the interfaces above. */
type Counts<T> = {
  [Key in keyof T]: T[Key] extends number ? number : T[Key] extends object ? Counts<T[Key]> : T[Key]
}

/** Adds `more` to `sum`, member by member; members that `sum` lacks are created. Returns `sum`. */
export function addCounts<T extends Counts<T>>(sum: T, more: Partial<T>): T {
  const into = sum as Record<string, unknown>
  for (const [name, value] of Object.entries(more)) {
    if (typeof value === 'number') into[name] = ((into[name] as number | undefined) ?? 0) + value
    else if (value !== undefined) into[name] = addCounts({ ...(into[name] as object) }, value as object)
  }
  return sum
}

export function countBy(counts: CountsBy, reason: string, many = 1): void {
  counts[reason] = (counts[reason] ?? 0) + many
}

export function totalOf(counts: CountsBy): number {
  return Object.values(counts).reduce((sum, count) => sum + count, 0)
}
