/** Brings the counters of all stages into one. Pure. */
import type { TextCounters } from '../flush/text.ts'
import type { LogCounts } from '../flush/batch.ts'
import type { SenderCounters } from '../flush/tally.ts'
import {
  HELPER_COUNTERS,
  KERNEL_COUNTERS,
  type Counters as HelperMessage,
  type HelperCounter,
  type KernelCounter,
} from '../helper/gen/wire.ts'
import type { ShardTally } from '../logs/tally.ts'
import {
  type CountsBy,
  type Counters,
  type OutputCounters,
  type RecordCounters,
  addCounts,
} from './counters.ts'

/** One life of the helper. */
export interface HelperAccount {
  /** The last that it told; undefined: it never did. */
  counters: HelperMessage | undefined
  /** Records that arrived from it. */
  received: number
  /** It crashed: what happened after its last counters, and what was in its buffers, nobody knows. */
  lost: boolean
}

export interface Stages {
  helperLives: readonly HelperAccount[]
  records: RecordCounters
  shards: readonly ShardTally[]
  text: { name: 'json' | 'table'; counters: TextCounters } | undefined
  backend: SenderCounters | undefined
}

export function collect({ helperLives, records, shards, text, backend }: Stages): Counters {
  const tally = sumTallies(shards)
  const { http, ...kernel } = tally.logs
  return {
    kernel: sumNamed<KernelCounter>(
      KERNEL_COUNTERS,
      helperLives.map(({ counters }) => counters?.kernel ?? []),
    ),
    helper: sumNamed<HelperCounter>(HELPER_COUNTERS, helperLives.map(helperNumbers)),
    helperLivesLost: helperLives.filter(({ lost }) => lost).length,
    records,
    shards: {
      operations: sumOf(tally.operations),
      operationsLogged: tally.operationsLogged,
      operationsFiltered: tally.operationsFiltered,
      operationsDropped: {},
      operationsPending: tally.operationsPending,
      recordsLost: tally.recordsLost,
      exchanges: tally.exchanges,
      exchangesFiltered: tally.exchangesFiltered,
      exchangesDropped: {},
      exchangesIncomplete: tally.exchangesIncomplete,
      connectionsMuted: tally.connectionsMuted,
    },
    logs: { http, kernel },
    outputs: {
      ...(text && { [text.name]: textOutput(text.counters) }),
      ...(backend && { backend: backendOutput(backend) }),
    },
  }
}

/** A helper that crashed had drained and forwarded at least what arrived, whatever it last told. */
function helperNumbers({ counters, received, lost }: HelperAccount): readonly number[] {
  if (!lost) return counters?.helper ?? []
  const told = counters?.helper ?? []
  const names = HELPER_COUNTERS.map(([name]) => name)
  return names.map((name, slot) => {
    if (name === 'records_forwarded') return received
    return name === 'records_drained'
      ? received + (told[names.indexOf('records_malformed')] ?? 0)
      : (told[slot] ?? 0)
  })
}

function sumTallies(tallies: readonly ShardTally[]): ShardTally {
  const [first, ...others] = tallies
  if (first === undefined) throw new Error('there is always a shard')
  return others.reduce((sum, tally) => addCounts(sum, tally), structuredClone(first))
}

/** The order of the names is the order of the numbers in the message. */
function sumNamed<Name extends string>(
  names: readonly (readonly [Name, string])[],
  lives: readonly (readonly number[])[],
): Record<Name, number> {
  const total = (slot: number) => lives.reduce((sum, life) => sum + (life[slot] ?? 0), 0)
  return Object.fromEntries(names.map(([name], slot) => [name, total(slot)])) as Record<Name, number>
}

function sumOf(counts: CountsBy): number {
  return Object.values(counts).reduce((sum, count) => sum + count, 0)
}

function textOutput({ accepted, delivered, dropped, pending }: TextCounters): OutputCounters {
  return { accepted, delivered, dropped: { ...dropped }, pending }
}

export function backendOutput({
  accepted,
  delivered,
  dropped,
  queued,
  unconfirmed,
}: SenderCounters): OutputCounters {
  return {
    accepted: logsOf(accepted),
    delivered: logsOf(delivered),
    dropped: {
      queue_full: logsOf(dropped.queue_full),
      shutdown_deadline: logsOf(dropped.shutdown_deadline),
    },
    pending: logsOf(queued) + logsOf(unconfirmed),
  }
}

function logsOf({ httpLogs, kernelLogs }: LogCounts): number {
  return httpLogs + kernelLogs
}
