/** The counters of all stages in the form that Prometheus reads. */
import { Counter, Gauge, Registry } from 'prom-client'
import type { CountsBy, Counters } from './counters.ts'
import { type Stage, summarize } from './summary.ts'

export interface MetricFacts {
  /** Undefined: nothing was captured yet. */
  counters: Counters | undefined
  capturing: boolean
  /** Connected to the API server. */
  controlled: boolean
  backendConnected: boolean
  /** Processes that are captured, and those that are not, by reason. */
  processes: number
  excluded: Partial<Record<string, number>>
  /** Hash of the config in force; empty: none. */
  configHash: string
  version: string
}

/** Reads the facts when it is asked for them. Names and labels are in docs/reference. */
export class Metrics {
  readonly #registry = new Registry()
  readonly #facts: () => MetricFacts
  readonly #stages: Counter<'stage' | 'unit' | 'outcome' | 'reason'>
  readonly #pending: Gauge<'stage' | 'unit'>
  readonly #gauges: Record<'capturing' | 'controlled' | 'backendConnected' | 'processes', Gauge>
  readonly #excluded: Gauge<'reason'>
  readonly #info: Gauge<'version' | 'config_hash'>

  constructor(facts: () => MetricFacts) {
    this.#facts = facts
    const registers = [this.#registry]
    this.#stages = new Counter({
      name: 'accesslog_agent_stage_total',
      help: 'What became of everything seen, by stage: seen = passed + filtered + folded + dropped + what is pending.',
      labelNames: ['stage', 'unit', 'outcome', 'reason'],
      registers,
    })
    this.#pending = new Gauge({
      name: 'accesslog_agent_stage_pending',
      help: 'What is inside a stage now.',
      labelNames: ['stage', 'unit'],
      registers,
    })
    const gauge = (name: string, help: string) =>
      new Gauge({ name: `accesslog_agent_${name}`, help, registers })
    this.#gauges = {
      capturing: gauge('capturing', 'Whether anything is captured (1) or not (0).'),
      controlled: gauge('api_connected', 'Whether the API server answers; without it the last config stays.'),
      backendConnected: gauge('backend_connected', 'Whether the backend takes logs.'),
      processes: gauge('processes', 'Processes whose traffic is captured.'),
    }
    this.#excluded = new Gauge({
      name: 'accesslog_agent_processes_excluded',
      help: 'Processes that are not captured, by the first reason that holds.',
      labelNames: ['reason'],
      registers,
    })
    this.#info = new Gauge({
      name: 'accesslog_agent_info',
      help: 'Version of the agent and hash of the config in force.',
      labelNames: ['version', 'config_hash'],
      registers,
    })
  }

  text(): Promise<string> {
    const facts = this.#facts()
    for (const metric of [this.#stages, this.#excluded, this.#info]) metric.reset()
    for (const name of ['capturing', 'controlled', 'backendConnected'] as const)
      this.#gauges[name].set(facts[name] ? 1 : 0)
    this.#gauges.processes.set(facts.processes)
    for (const [reason, many = 0] of Object.entries(facts.excluded)) this.#excluded.set({ reason }, many)
    this.#info.set({ version: facts.version, config_hash: facts.configHash }, 1)
    if (facts.counters !== undefined) for (const stage of summarize(facts.counters).stages) this.#count(stage)
    return this.#registry.metrics()
  }

  #count({ stage, unit, seen, passed, folded, pending, filtered, dropped }: Stage): void {
    const add = (outcome: string, many: number, reason = '') =>
      this.#stages.inc({ stage, unit, outcome, reason }, many)
    const addAll = (outcome: string, counts: CountsBy) => {
      for (const [reason, many] of Object.entries(counts)) add(outcome, many, reason)
    }
    add('seen', seen)
    add('passed', passed)
    add('folded', folded)
    this.#pending.set({ stage, unit }, pending)
    addAll('filtered', filtered)
    addAll('dropped', dropped)
  }
}
