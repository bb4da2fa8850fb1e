/** The whole line: helper → shards → outputs, and the counters of all of it. */
import type { AgentConfig } from './config/config.ts'
import { EVENT_LAYOUT_VERSION } from './connections/gen/event.ts'
import { processEvents } from './connections/process.ts'
import { accessLogError, type AccessLogError } from './errors.ts'
import type { SenderCounters } from './flush/tally.ts'
import type { TextOutput } from './flush/text.ts'
import type { MutedConnection, TargetLists } from './helper/commands.ts'
import type { Batch as RecordBatch, Library, Problem, Processes } from './helper/gen/wire.ts'
import {
  type HelperLife,
  type HelperLoss,
  type HelperOwner,
  HelperSupervisor,
  type SupervisorOptions,
} from './helper/supervisor.ts'
import type { Batch } from './logs/encode.ts'
import type { TextFormat } from './logs/outputs.ts'
import type { Identity } from './logs/names.ts'
import { ALWAYS, NOT_YET, type Turn, type WantedLogs } from './logs/rules.ts'
import { Shards, type ShardsListener } from './logs/shards.ts'
import { type HelperAccount, collect } from './report/collect.ts'
import { type Counters, countBy } from './report/counters.ts'
import type { Logger } from './report/logger.ts'
import type { TargetWatch } from './workloads/watch.ts'
import type { RemoteDirectory } from './workloads/kubernetes/remote.ts'
import {
  type Workload,
  type WorkloadDirectory,
  type WorkloadHint,
  exclusionOf,
} from './workloads/workload.ts'

/** Where batches go: a sender, or what stands for several. */
export interface BatchSink {
  push(batch: Batch): void
  /** Delivers what is queued, at most for `deadlineMs`. */
  stop(deadlineMs: number): Promise<void>
  /** Undefined: they are counted elsewhere. */
  readonly counters: SenderCounters | undefined
}

export interface PipelineOptions {
  config: AgentConfig
  /** The helper binary. */
  helperPath: string
  bootTimeNs: bigint
  watch: TargetWatch
  directory: WorkloadDirectory
  /** Whose remote addresses are; undefined: nobody is asked. */
  remotes?: RemoteDirectory
  /** Probes of a process that are filtered; undefined: none. */
  probesOf?: (pid: number, hint: WorkloadHint) => Identity['probes']
  text: { format: TextFormat; output: TextOutput }
  sender: BatchSink | undefined
  /** By default all logs. */
  wanted?: WantedLogs
  /** TLS libraries that are looked into, as a policy names them; by default all. */
  tls?: readonly string[]
  /** Another line still tells what it sees: this one begins when `beginAt` says so. */
  waits?: boolean
  logger: Logger
  /** The line cannot go on; `stop` still has to be called. */
  onFailure: (error: AccessLogError) => void
}

/** Payload copied of one message: what headers may take. */
const CAPTURE_BYTES = 8192
const CONNECTIONS_MAX = 65_536
const HELPER_BACKOFF = { initialMs: 250, maxMs: 30_000 }
/** Text is for eyes: it does not wait for the backend's period. */
const TEXT_PERIOD_MS = 200
const RECONCILE_MS = 30_000
const LOOK_MS = 50
const STATS_MS = 5_000
const STOP_DEADLINE_MS = 10_000

export class Pipeline implements HelperOwner, ShardsListener {
  readonly #options: PipelineOptions
  readonly #supervisor: HelperSupervisor
  readonly #shards: Shards
  readonly #records = { received: 0, dropped: {} as Record<string, number> }
  readonly #pastLives: HelperAccount[] = []
  readonly #ready = Promise.withResolvers<HelperLife>()
  #epoch = 1
  #excludeClusters: ReadonlySet<string>
  #turn: Turn
  #life: HelperLife | undefined
  /** The last that the helper told of its current life. */
  #told: HelperAccount['counters']
  #mutes: MutedConnection[] = []
  #timers: NodeJS.Timeout[] = []
  /** Records received when the current life of the helper began. */
  #receivedBefore = 0

  constructor(options: PipelineOptions) {
    this.#options = options
    const { config, text, sender, bootTimeNs } = options
    this.#excludeClusters = new Set(config.excludeClusters)
    this.#turn = options.waits ? NOT_YET : ALWAYS
    const { parallels, queueSize } = config.protocolAnalyze
    this.#shards = new Shards(
      {
        shards: parallels,
        queueSize,
        stopDeadlineMs: STOP_DEADLINE_MS,
        setup: {
          backend: sender !== undefined,
          text: text.format,
          bootTimeNs,
          flushMaxCount: config.flush.maxCount,
          flushPeriodMs: this.#flushPeriodMs(config.flush.periodMs),
          headBytesMax: CAPTURE_BYTES,
          endpointsMax: CONNECTIONS_MAX,
          remotes: options.remotes !== undefined,
          turn: this.#turn,
          ...(options.wanted && { wanted: options.wanted }),
        },
      },
      this,
    )
    this.#supervisor = new HelperSupervisor(this.#supervision(), this)
  }

  /** Attaches. Rejects with a HELPER_ error when that fails; then nothing is left but the shards: call `stop`. */
  async start(): Promise<HelperLife> {
    await this.#supervisor.start()
    this.#setTargets(this.#options.watch.reconcile())
    // Commands are obeyed in their order: with this answer the targets hold, and their open sockets are known.
    await this.#supervisor.stats()
    this.#timers = [
      setInterval(() => this.#setTargets(this.#options.watch.reconcile()), RECONCILE_MS),
      setInterval(() => this.#setTargets(this.#options.watch.look()), LOOK_MS),
      // Also so that a helper which crashes has told its counters not long before.
      setInterval(() => void this.#askCounters(), STATS_MS),
    ]
    return this.#ready.promise
  }

  /** Detaches, drains every stage in the order of the data, and returns the final counters. */
  async stop(): Promise<Counters> {
    for (const timer of this.#timers) clearInterval(timer)
    const { counters, error } = await this.#supervisor.shutdown()
    this.#endLife(counters, error !== undefined)
    await this.#shards.stop()
    await this.#options.sender?.stop(STOP_DEADLINE_MS)
    await this.#options.text.output.drained(STOP_DEADLINE_MS)
    return this.#collect(this.#pastLives)
  }

  /**
   * Puts other rules into force: what the helper must be told, and the processes whose names or rules changed, also
   * on connections that are open.
   */
  retarget(targets: TargetLists, changed: Iterable<number>, excludeClusters: readonly string[]): void {
    this.#excludeClusters = new Set(excludeClusters)
    this.#setTargets(targets)
    for (const pid of changed) this.#shards.rename(pid, this.identify(pid, { comm: '', cgroupId: 0 }))
  }

  /** Other limits of flush and queues, and other logs, from now on. */
  tune({ flush, protocolAnalyze }: AgentConfig, wanted?: WantedLogs): void {
    const periodMs = this.#flushPeriodMs(flush.periodMs)
    this.#shards.tune(protocolAnalyze.queueSize, flush.maxCount, periodMs, wanted)
  }

  /** Tells what begins from then on, CLOCK_MONOTONIC ns. To be called well before. Resolves when it is known. */
  beginAt(fromNs: number): Promise<void> {
    this.#turn = { ...this.#turn, fromNs }
    return this.#shards.turn(this.#turn)
  }

  /** Tells nothing that begins then or later: another line does. Infinity: goes on. Resolves when it is known. */
  endAt(untilNs: number): Promise<void> {
    this.#turn = { ...this.#turn, untilNs }
    return this.#shards.turn(this.#turn)
  }

  /** The helper in use, or the last. */
  get life(): HelperLife | undefined {
    return this.#life
  }

  /** Counters while it runs. The stages are not read at the same moment; the helper's are seconds old. */
  get counters(): Counters {
    const received = this.#records.received - this.#receivedBefore
    return this.#collect([...this.#pastLives, { counters: this.#told, received, lost: false }])
  }

  batch({ shard, records, payload }: RecordBatch, epoch: number): void {
    this.#enter(epoch)
    if (this.#shards.send(shard, payload, records)) this.#records.received += records
    else countBy(this.#records.dropped, 'queue_full', records)
  }

  processes({ records, payload }: Processes): void {
    this.#records.received += records
    const events = [...processEvents(payload)]
    const difference = this.#options.watch.observe(events)
    for (const { kind, pid } of events) if (kind !== 'fork') this.#shards.forget(pid)
    this.#setTargets(difference)
  }

  ready(life: HelperLife): void {
    this.#enter(life.epoch)
    if (life.epoch > 1) this.#options.logger.info('the helper captures again', { epoch: life.epoch })
    this.#life = life
    this.#ready.resolve(life)
  }

  lost({ error, counters, retryMs }: HelperLoss): void {
    this.#endLife(counters, true)
    this.#options.logger.error(error.message, { code: error.code, retryMs: Math.round(retryMs) })
  }

  problem({ code, where, message }: Problem): void {
    this.#options.logger.warn(message, { code, where })
  }

  library({ path, library, status, reason, pid, processes }: Library): void {
    const { logger } = this.#options
    const facts = { path, pid, processes, ...(reason && { reason }) }
    if (status === 'failed')
      logger.warn(`${library} cannot be looked into: its traffic is logged as TCP`, facts)
    else logger.debug(`${library} ${status}`, facts)
  }

  log(line: string): void {
    this.#options.logger.info(line, { from: 'helper' })
  }

  congested(full: boolean): void {
    if (full) this.#supervisor.pause()
    else this.#supervisor.resume()
  }

  flushed(batches: Batch[], text: Uint8Array, textLogs: number): void {
    this.#options.text.output.write(text, textLogs)
    for (const batch of batches) this.#options.sender?.push(batch)
  }

  identify(pid: number, hint: WorkloadHint): Identity {
    const { watch, directory } = this.#options
    const workload = directory.identify(pid, hint) ?? null
    const rule = watch.filterOf(pid, hint)
    this.#setTargets(watch.takeDifference())
    const filteredBy = rule ?? (workload ? exclusionOf(workload, this.#excludeClusters) : undefined)
    const probes = this.#options.probesOf?.(pid, hint)
    return probes === undefined ? { workload, filteredBy } : { workload, filteredBy, probes }
  }

  locate(address: string, port: number): Promise<Workload | undefined> {
    return this.#options.remotes?.resolve(address, port) ?? Promise.resolve(undefined)
  }

  /** Collected over one turn of the event loop. */
  mute(sock: bigint, connection: number): void {
    if (this.#mutes.push([sock, BigInt(connection)]) > 1) return
    setImmediate(() => {
      this.#supervisor.mute(this.#mutes)
      this.#mutes = []
    })
  }

  failed(shard: number, cause: Error): void {
    const reason = `analyzer shard ${shard} ended: ${cause.message}`
    this.#options.onFailure(accessLogError('INTERNAL', { reason }, { cause }))
  }

  /** Exchanges that analyzers finished so far. */
  get exchanges(): number {
    return this.#shards.tallies.reduce((sum, { exchanges }) => sum + exchanges, 0)
  }

  /** Attempts that never became a life received nothing and told nothing. */
  #endLife(counters: HelperAccount['counters'], lost: boolean): void {
    const received = this.#records.received - this.#receivedBefore
    this.#receivedBefore = this.#records.received
    if (received > 0 || counters !== undefined) this.#pastLives.push({ counters, received, lost })
    this.#told = undefined
  }

  async #askCounters(): Promise<void> {
    const told = await this.#supervisor.stats()
    if (told !== undefined) this.#told = told
  }

  #supervision(): SupervisorOptions {
    const { config, helperPath, watch, tls } = this.#options
    const args = tls === undefined ? [] : [`--tls=${tls.join(',')}`]
    return {
      helper: { command: helperPath, args, eventLayoutVersion: EVENT_LAYOUT_VERSION },
      settings: {
        shards: config.protocolAnalyze.parallels,
        perCpuBufferBytes: config.protocolAnalyze.perCpuBufferBytes,
        captureBytes: CAPTURE_BYTES,
        connectionsMax: CONNECTIONS_MAX,
        watchUnlisted: watch.watchUnlisted,
        ignorePids: [process.pid],
      },
      targets: ({ pid }) => watch.begin(pid),
      backoff: HELPER_BACKOFF,
      random: Math.random,
      now: () => performance.now(),
    }
  }

  /** Connection ids mean something within one life of the helper only. */
  #enter(epoch: number): void {
    if (epoch === this.#epoch) return
    this.#epoch = epoch
    this.#shards.reset()
  }

  #flushPeriodMs(periodMs: number): number {
    return this.#options.text.format === 'none' ? periodMs : Math.min(periodMs, TEXT_PERIOD_MS)
  }

  #setTargets(targets: TargetLists): void {
    const { watch, ignore, forget, cgroups } = targets
    if (watch.length + ignore.length + forget.length > 0 || cgroups !== undefined)
      this.#supervisor.setTargets(targets)
  }

  #collect(helperLives: readonly HelperAccount[]): Counters {
    const { text, sender } = this.#options
    const name = text.format
    return collect({
      helperLives,
      records: this.#records,
      shards: this.#shards.tallies,
      text: name === 'none' ? undefined : { name, counters: text.output.counters },
      backend: sender?.counters,
    })
  }
}
