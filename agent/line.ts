/** Brings the line to what the config wants: none, one, or another one in its place without a gap that matters. */
import { setTimeout as sleep } from 'node:timers/promises'
import { backoffMs, type BackoffPolicy } from './backoff.ts'
import type { AgentConfig } from './config/config.ts'
import type { EffectiveConfig } from './control/effective.ts'
import type { BatchSink } from './pipeline.ts'
import { backendOutput } from './report/collect.ts'
import { type AccessLogError, asAccessLogError } from './errors.ts'
import type { HelperLife } from './helper/supervisor.ts'
import type { Pipeline } from './pipeline.ts'
import { addCounts, type Counters } from './report/counters.ts'
import type { Logger } from './report/logger.ts'
import type { ExcludeRules, PodWatch } from './workloads/kubernetes/watch.ts'

export interface LineOptions {
  /** Makes a pipeline that is not started. @param waits begins by capturing nothing */
  make: (
    config: AgentConfig,
    waits: boolean,
    onFailure: (error: AccessLogError) => void,
  ) => { pipeline: Pipeline; watch: PodWatch }
  /** Names follow. */
  setCluster: (clusterName: string) => void
  /** Called before a config is captured by: sends to its backend. */
  deliver: (config: AgentConfig) => Promise<void>
  /** Whose counters stand for the backend's, over all lines. */
  delivery: Pick<BatchSink, 'counters'>
  logger: Logger
  random: () => number
  onChange: () => void
}

export interface LineState {
  /** What was last asked for; undefined: to capture nothing. */
  wanted: EffectiveConfig | undefined
  /** What is in force; undefined: nothing is captured. */
  applied: EffectiveConfig | undefined
  /** Why what is wanted is not in force; undefined: it is. */
  problem: AccessLogError | undefined
  life: HelperLife | undefined
}

interface Running {
  pipeline: Pipeline
  watch: PodWatch
  applied: EffectiveConfig
}

/** What is under way when a line takes over has this long to end while the other still sees it. */
const OVERLAP_MS = 100

const RETRY: BackoffPolicy = { initialMs: 2_000, maxMs: 60_000 }

/** Changes are made one after the other; of those that come meanwhile only the last counts. */
export class CaptureLine {
  readonly #options: LineOptions
  #running: Running | undefined
  #wanted: EffectiveConfig | undefined
  #changing: Promise<void> | undefined
  #problem: AccessLogError | undefined
  #failures = 0
  #retry: NodeJS.Timeout | undefined
  /** Counters of the pipelines that ended. */
  #past: Counters | undefined

  constructor(options: LineOptions) {
    this.#options = options
  }

  get state(): LineState {
    const { applied, pipeline } = this.#running ?? {}
    return { wanted: this.#wanted, applied, problem: this.#problem, life: pipeline?.life }
  }

  get watch(): PodWatch | undefined {
    return this.#running?.watch
  }

  /** Since the agent started; undefined: nothing was captured yet. */
  get counters(): Counters | undefined {
    const lines = [this.#past, this.#running?.pipeline.counters].flatMap((one) => one ?? [])
    const [first, second] = lines
    if (first === undefined) return undefined
    const sum = second === undefined ? { ...first } : addCounts(structuredClone(first), second)
    const { counters } = this.#options.delivery
    return counters === undefined
      ? sum
      : { ...sum, outputs: { ...sum.outputs, backend: backendOutput(counters) } }
  }

  /** @param config undefined: capture nothing */
  async apply(config: EffectiveConfig | undefined): Promise<void> {
    this.#wanted = config
    clearTimeout(this.#retry)
    this.#changing ??= this.#settle().finally(() => (this.#changing = undefined))
    await this.#changing
  }

  /** Pods or Services changed: names and targets follow. @param all every process is told anew */
  refresh(scan = false, all = false): void {
    if (this.#running === undefined) return
    const { pipeline, watch, applied } = this.#running
    const changed = watch.refresh(scan, all)
    pipeline.retarget(watch.takeDifference(), changed, applied.config.excludeClusters)
  }

  async #settle(): Promise<void> {
    for (;;) {
      const wanted = this.#wanted
      try {
        await this.#become(wanted)
        this.#problem = undefined
        this.#failures = 0
      } catch (thrown) {
        this.#failed(asAccessLogError(thrown))
      }
      this.#options.onChange()
      if (wanted === this.#wanted) return
    }
  }

  /** What was in force stays in force when this throws. */
  async #become(wanted: EffectiveConfig | undefined): Promise<void> {
    const running = this.#running
    if (wanted === undefined || !wanted.config.active) return this.#end()
    await this.#options.deliver(wanted.config)
    this.#options.setCluster(wanted.config.clusterName)
    if (running === undefined) await this.#begin(wanted)
    else if (isSameLine(running.applied.config, wanted.config)) this.#adjust(running, wanted)
    else await this.#replace(running, wanted)
  }

  async #begin(wanted: EffectiveConfig): Promise<void> {
    const made = this.#make(wanted, false)
    await start(made.pipeline)
    this.#running = { ...made, applied: wanted }
    this.#options.logger.info('capturing', { config: wanted.name, hash: wanted.hash.slice(0, 8) })
  }

  #adjust(running: Running, wanted: EffectiveConfig): void {
    const probesChanged = running.applied.excludeProbes !== wanted.excludeProbes
    running.applied = wanted
    running.watch.setExclude(excludeOf(wanted.config))
    running.pipeline.tune(wanted.config)
    this.refresh(true, probesChanged)
  }

  /**
   * The new line is attached and watches nobody; it takes over; when it has, the old one lets go and drains. Between
   * these both capture: an exchange that is shorter is not missed, and one of that time may be told twice.
   */
  async #replace(old: Running, wanted: EffectiveConfig): Promise<void> {
    const made = this.#make(wanted, true)
    await start(made.pipeline)
    made.watch.turn('has')
    const taken = made.watch.refresh(true)
    made.pipeline.retarget(made.watch.takeDifference(), taken, wanted.config.excludeClusters)
    await made.pipeline.settled()
    await sleep(OVERLAP_MS)
    old.watch.turn('left')
    const left = old.watch.refresh(false)
    old.pipeline.retarget(old.watch.takeDifference(), left, old.applied.config.excludeClusters)
    this.#running = { ...made, applied: wanted }
    this.#account(await old.pipeline.stop())
    this.#options.logger.info('capturing with a new line', {
      config: wanted.name,
      hash: wanted.hash.slice(0, 8),
    })
  }

  async #end(): Promise<void> {
    const running = this.#running
    if (running === undefined) return
    this.#running = undefined
    this.#account(await running.pipeline.stop())
    this.#options.logger.info('capturing nothing: no policy selects this node')
  }

  #make(wanted: EffectiveConfig, waits: boolean) {
    const made = this.#options.make(wanted.config, waits, (error) => {
      if (this.#running?.pipeline === made.pipeline) void this.#broke(made.pipeline, error)
    })
    return made
  }

  /** The line cannot go on: it is replaced by one of the same config, after a while. */
  async #broke(pipeline: Pipeline, error: AccessLogError): Promise<void> {
    this.#running = undefined
    this.#failed(error)
    this.#options.onChange()
    this.#account(await pipeline.stop())
  }

  #failed(error: AccessLogError): void {
    this.#problem = error
    this.#failures += 1
    const retryMs = backoffMs(this.#failures, RETRY, this.#options.random)
    this.#options.logger.error(error.render(), { retryMs: Math.round(retryMs) })
    clearTimeout(this.#retry)
    this.#retry = setTimeout(() => void this.apply(this.#wanted), retryMs)
  }

  #account(counters: Counters): void {
    this.#past = this.#past === undefined ? counters : addCounts(this.#past, counters)
  }
}

export function excludeOf({ excludeNamespaces, excludeClusters }: AgentConfig): ExcludeRules {
  return { namespaces: new Set(excludeNamespaces), clusters: new Set(excludeClusters) }
}

/** Whether a pipeline of one config serves the other: what it was built with is the same. */
export function isSameLine(one: AgentConfig, other: AgentConfig): boolean {
  const shape = ({ protocolAnalyze: { parallels, perCpuBufferBytes } }: AgentConfig) =>
    JSON.stringify([parallels, perCpuBufferBytes])
  return shape(one) === shape(other)
}

/** A pipeline that does not start leaves threads behind, which are ended. */
async function start(pipeline: Pipeline): Promise<void> {
  try {
    await pipeline.start()
  } catch (error) {
    await pipeline.stop()
    throw error
  }
}
