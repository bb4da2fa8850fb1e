/** What one shard counts. Numbers only grow, but for those of the present: pending and connections. */
import type { KernelLogKind, LogEntry } from './model.ts'

export interface ShardTally {
  records: number
  recordsMalformed: number
  /** DATA records that totals prove to be lost; their calls and bytes are counted and logged all the same. */
  recordsLost: number
  connections: number
  connectionsMuted: number
  /** Operations the records tell of, folded calls included. */
  operations: Record<KernelLogKind, number>
  operationsLogged: number
  operationsFiltered: Record<string, number>
  /** Operations that wait for a flush. */
  operationsPending: number
  exchanges: number
  exchangesIncomplete: number
  exchangesFiltered: Record<string, number>
  /** Logs handed to the outputs. */
  logs: Record<KernelLogKind | 'http', number>
}

export function emptyTally(): ShardTally {
  return {
    records: 0,
    recordsMalformed: 0,
    recordsLost: 0,
    connections: 0,
    connectionsMuted: 0,
    operations: { connect: 0, accept: 0, close: 0, read: 0, write: 0 },
    operationsLogged: 0,
    operationsFiltered: {},
    operationsPending: 0,
    exchanges: 0,
    exchangesIncomplete: 0,
    exchangesFiltered: {},
    logs: { connect: 0, accept: 0, close: 0, read: 0, write: 0, http: 0 },
  }
}

/** The entry was handed to the outputs. */
export function countLogged(tally: ShardTally, { kernelLogs, exchange }: LogEntry): void {
  for (const { kind, count } of kernelLogs) {
    tally.logs[kind]++
    tally.operationsLogged += count
    tally.operationsPending -= count
  }
  if (exchange !== undefined) tally.logs.http++
}

/** No log is made of the entry. */
export function countFiltered(tally: ShardTally, rule: string, { kernelLogs, exchange }: LogEntry): void {
  const { operationsFiltered, exchangesFiltered } = tally
  for (const { count } of kernelLogs) {
    operationsFiltered[rule] = (operationsFiltered[rule] ?? 0) + count
    tally.operationsPending -= count
  }
  if (exchange !== undefined) exchangesFiltered[rule] = (exchangesFiltered[rule] ?? 0) + 1
}
