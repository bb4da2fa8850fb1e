/** The conservation law, stage by stage: seen = passed on + filtered + folded + dropped + pending. Pure. */
import { totalOf, type Counters, type CountsBy, type OutputCounters } from './counters.ts'

export interface Stage {
  stage: string
  /** What is counted. */
  unit: string
  seen: number
  passed: number
  /** By rule. */
  filtered: CountsBy
  /** Counted in totals instead of being passed on one by one. */
  folded: number
  /** By reason. */
  dropped: CountsBy
  /** Still inside when the counters were read. */
  pending: number
  /** Whether the numbers above add up. */
  holds: boolean
}

export interface Summary {
  /** In the order of the data's way. */
  stages: readonly Stage[]
  /** Whether they all hold. */
  holds: boolean
  /** Logs handed to the outputs. */
  logs: Counters['logs']
  /** Of the HTTP logs' exchanges, those with something unknown. */
  incomplete: number
  /** DATA records the agent missed; those the kernel or the helper dropped. */
  recordsLost: number
  /** Helpers that crashed, with what they held. */
  helperLivesLost: number
}

export function summarize(counters: Counters): Summary {
  const stages = [
    ...kernelStages(counters.kernel),
    ...plaintextStages(counters.kernel),
    helperStage(counters.helper),
    agentStage(counters),
    ...logStages(counters),
    ...Object.entries(counters.outputs).map(([name, output]) => outputStage(name, output)),
  ]
  return {
    stages,
    holds: stages.every((stage) => stage.holds),
    logs: counters.logs,
    incomplete: counters.shards.exchangesIncomplete,
    recordsLost: counters.shards.recordsLost,
    helperLivesLost: counters.helperLivesLost,
  }
}

/** One line of JSON, without the line feed. */
export function summaryLine(summary: Summary): string {
  return JSON.stringify({ kind: 'summary', ...summary })
}

const HEADINGS = ['stage', 'unit', 'seen', 'passed on', 'filtered', 'folded', 'dropped', 'pending', 'law']

/** A table for people, ending in a line feed; rules and reasons are spelled out under it. */
export function summaryTable(summary: Summary): string {
  const rows = [HEADINGS, ...summary.stages.map(tableRow)]
  const widths = HEADINGS.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)))
  const lines = rows.map((row) =>
    row.map((cell, column) => align(cell, column, widths[column] ?? 0)).join('  '),
  )
  const notes = summary.stages.flatMap((stage) => [
    ...note(stage, 'filtered', stage.filtered),
    ...note(stage, 'dropped', stage.dropped),
  ])
  const crashes = summary.helperLivesLost
  if (crashes > 0) notes.push(`helper crashes: ${crashes}; what was in their buffers is lost and not counted`)
  return [...lines.map((line) => line.trimEnd()), ...notes, ''].join('\n')
}

type Terms = Pick<Stage, 'stage' | 'unit' | 'seen' | 'passed'> &
  Partial<Pick<Stage, 'filtered' | 'folded' | 'dropped' | 'pending'>>

function lawOf({ filtered = {}, folded = 0, dropped = {}, pending = 0, ...terms }: Terms): Stage {
  const explained = terms.passed + totalOf(filtered) + folded + totalOf(dropped) + pending
  return { ...terms, filtered, folded, dropped, pending, holds: terms.seen === explained }
}

/** Connections and the calls on them are told apart: a connection that was open before is seen without a call. */
function kernelStages(kernel: Counters['kernel']): Stage[] {
  return [
    lawOf({
      stage: 'kernel',
      unit: 'connections',
      seen: kernel.operations_connect + kernel.operations_accept + kernel.adopted,
      passed: kernel.records_open,
      dropped: {
        ring_full: kernel.dropped_ring_full_open,
        connection_table_full: kernel.dropped_connection_table_full,
      },
    }),
    lawOf({
      stage: 'kernel',
      unit: 'calls',
      seen: kernel.operations_read + kernel.operations_write + kernel.operations_close,
      passed: kernel.records_data + kernel.records_close,
      folded: kernel.folded,
      dropped: { ring_full: kernel.dropped_ring_full_data + kernel.dropped_ring_full_close },
    }),
  ]
}

/** Calls of TLS libraries, where there were any. One whose connection is not certain is kept back, and none is guessed. */
function plaintextStages(kernel: Counters['kernel']): Stage[] {
  const { plaintext_read, plaintext_write, plaintext_unattributed } = kernel
  const seen = plaintext_read + plaintext_write + plaintext_unattributed
  if (seen === 0) return []
  const filtered = { unattributed: plaintext_unattributed }
  const dropped = {
    no_memory: kernel.plaintext_lost,
    ring_full: kernel.dropped_ring_full_plaintext,
  }
  const folded = kernel.plaintext_muted
  const passed = kernel.records_plaintext
  return [lawOf({ stage: 'kernel', unit: 'plaintext calls', seen, passed, folded, filtered, dropped })]
}

function helperStage(helper: Counters['helper']): Stage {
  return lawOf({
    stage: 'helper',
    unit: 'records',
    seen: helper.records_drained,
    passed: helper.records_forwarded,
    dropped: { malformed: helper.records_malformed },
  })
}

/** What the helper says it wrote against what arrived. */
function agentStage({ helper, records }: Counters): Stage {
  return lawOf({
    stage: 'agent',
    unit: 'records',
    seen: helper.records_forwarded,
    passed: records.received,
    dropped: records.dropped,
  })
}

function logStages({ shards, logs }: Counters): Stage[] {
  return [
    lawOf({
      stage: 'logs',
      unit: 'operations',
      seen: shards.operations,
      passed: shards.operationsLogged,
      filtered: shards.operationsFiltered,
      dropped: shards.operationsDropped,
      pending: shards.operationsPending,
    }),
    lawOf({
      stage: 'logs',
      unit: 'exchanges',
      seen: shards.exchanges,
      passed: logs.http,
      filtered: shards.exchangesFiltered,
      dropped: shards.exchangesDropped,
    }),
  ]
}

function outputStage(stage: string, { accepted, delivered, dropped, pending }: OutputCounters): Stage {
  return lawOf({ stage, unit: 'logs', seen: accepted, passed: delivered, dropped, pending })
}

function tableRow(stage: Stage): string[] {
  const { seen, passed, filtered, folded, dropped, pending, holds } = stage
  const numbers = [seen, passed, totalOf(filtered), folded, totalOf(dropped), pending]
  return [stage.stage, stage.unit, ...numbers.map(String), holds ? 'holds' : 'BROKEN']
}

/** Numbers, the columns between unit and law, to the right. */
function align(cell: string, column: number, width: number): string {
  return column > 1 && column < HEADINGS.length - 1 ? cell.padStart(width) : cell.padEnd(width)
}

function note({ stage, unit }: Stage, verb: string, counts: CountsBy): string[] {
  const parts = Object.entries(counts).filter(([, count]) => count > 0)
  if (parts.length === 0) return []
  return [`${stage} ${unit} ${verb}: ${parts.map(([reason, count]) => `${reason} ${count}`).join(', ')}`]
}
