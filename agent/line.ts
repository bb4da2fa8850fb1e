/** Brings the line to what the config wants: none, one, or another one in its place without a gap that matters. */
import { setTimeout as sleep } from 'node:timers/promises'
import { backoffMs, type BackoffPolicy } from '../crds/backoff.ts'
import { monotonicNs } from './clock.ts'
import type { AgentConfig } from './config/config.ts'
import type { EffectiveConfig } from './control/effective.ts'
import type { BatchSink } from './pipeline.ts'
import { backendOutput } from './report/collect.ts'
import { type AccessLogError, asAccessLogError } from './errors.ts'
import type { HelperLife } from './helper/supervisor.ts'
import type { WantedLogs } from './logs/rules.ts'
import type { Pipeline } from './pipeline.ts'
import { addCounts, type Counters } from './report/counters.ts'
import type { Logger } from './report/logger.ts'
import type { ExcludeRules, PodWatch } from './workloads/kubernetes/watch.ts'

export interface LineOptions {
  /** Makes a pipeline that is not started. @param waits tells nothing before its turn */
  make: (
    wanted: EffectiveConfig,
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

/** A change of turn is told to the threads of two lines this long before. */
const NOTICE_MS = 500
/** What was under way then has this long to end before the eyes of the line that saw it begin. */
const FINISH_MS = 1_000

const RETRY: BackoffPolicy = { initialMs: 2_000, maxMs: 60_000 }

/** Changes are made one after the other; of those that come meanwhile only the last counts. */
export class CaptureLine {
  readonly #options: LineOptions
  #running: Running | undefined
  /** The line that is being ended: its config is in force until nothing is attached any more. */
  #ending: Running | undefined
  /** The line that is about to take over; what breaks it is noted. */
  #next: (Running & { error?: AccessLogError }) | undefined
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
    const { applied, pipeline } = this.#running ?? this.#ending ?? {}
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
    for (const line of [this.#running, this.#next]) if (line !== undefined) refresh(line, scan, all)
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
    else if (isSameLine(running.applied, wanted)) this.#adjust(running, wanted)
    else await this.#replace(running, wanted)
  }

  async #begin(wanted: EffectiveConfig): Promise<void> {
    const made = this.#make(wanted, false)
    await start(made.pipeline)
    this.#running = { ...made, applied: wanted }
    this.#tell('capturing', wanted)
  }

  #adjust(running: Running, wanted: EffectiveConfig): void {
    const probesChanged = running.applied.excludeProbes !== wanted.excludeProbes
    running.applied = wanted
    running.watch.setExclude(excludeOf(wanted.config))
    running.pipeline.tune(wanted.config, wantedLogs(wanted))
    this.refresh(true, probesChanged)
    this.#tell('capturing goes on by another config', wanted)
  }

  /**
   * The new line is attached and captures like the old one. From an instant on that both know before it comes, the
   * new one tells what begins; until then the old one does, which then sees it end.
   */
  async #replace(old: Running, wanted: EffectiveConfig): Promise<void> {
    const made = this.#make(wanted, true)
    await start(made.pipeline)
    this.#next = { ...made, applied: wanted }
    refresh(this.#next, true)
    // On a busy machine its threads take their time to be there.
    await made.pipeline.beginAt(Infinity)
    const turnNs = monotonicNs() + NOTICE_MS * 1e6
    await Promise.all([made.pipeline.beginAt(turnNs), old.pipeline.endAt(turnNs)])
    if (monotonicNs() > turnNs)
      this.#options.logger.warn('a hand-over came late: some requests may be told twice')
    await sleep(NOTICE_MS + FINISH_MS)
    const { error, ...next } = this.#next
    this.#next = undefined
    if (error !== undefined) return this.#stay(old, made.pipeline, error)
    const isOldWell = this.#running === old
    this.#running = next
    if (isOldWell) this.#account(await old.pipeline.stop())
    this.#tell('capturing with a new line', wanted)
  }

  #tell(what: string, { name, hash }: EffectiveConfig): void {
    this.#options.logger.info(what, { config: name, hash: hash.slice(0, 8) })
  }

  /** The new line broke before it was alone. */
  async #stay(old: Running, failed: Pipeline, error: AccessLogError): Promise<never> {
    await old.pipeline.endAt(Infinity)
    this.#account(await failed.stop())
    throw error
  }

  async #end(): Promise<void> {
    const running = this.#running
    if (running === undefined) return
    this.#running = undefined
    this.#ending = running
    this.#account(await running.pipeline.stop())
    this.#ending = undefined
    this.#options.logger.info('capturing nothing: no policy selects this node')
  }

  #make(wanted: EffectiveConfig, waits: boolean) {
    const made = this.#options.make(wanted, waits, (error) => {
      if (this.#next?.pipeline === made.pipeline) this.#next.error = error
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

/** What the collectors of a policy mean for logs. */
export function wantedLogs({ collectors: { connections, protocols } }: EffectiveConfig): WantedLogs {
  return { connections, http1: protocols.includes('HTTP1'), http2: protocols.includes('HTTP2') }
}

export function excludeOf({ excludeNamespaces, excludeClusters }: AgentConfig): ExcludeRules {
  return { namespaces: new Set(excludeNamespaces), clusters: new Set(excludeClusters) }
}

/** Whether a pipeline of one config serves the other: what it was built with is the same. */
export function isSameLine(one: EffectiveConfig, other: EffectiveConfig): boolean {
  const shape = ({ config: { protocolAnalyze }, collectors: { tls } }: EffectiveConfig) =>
    JSON.stringify([protocolAnalyze.parallels, protocolAnalyze.perCpuBufferBytes, tls])
  return shape(one) === shape(other)
}

function refresh({ pipeline, watch, applied }: Running, scan: boolean, all = false): void {
  const changed = watch.refresh(scan, all)
  pipeline.retarget(watch.takeDifference(), changed, applied.config.excludeClusters)
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
