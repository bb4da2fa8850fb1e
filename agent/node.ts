/** The agent of one node: what the cluster says goes in, what the node does comes out. */
import { release } from 'node:os'
import { captureReport } from './capture.ts'
import { ApiClient } from './control/api.ts'
import type { ApiAccess } from './control/access.ts'
import { type Assignment, AssignmentWatch } from './control/assignment.ts'
import { type EffectiveConfig, effectiveConfig } from './control/effective.ts'
import type { ApiError } from './control/problem.ts'
import { StatusWriter, type StatusTimings } from './control/status-writer.ts'
import type { ReflectorTimings } from './control/reflector.ts'
import type { Delivery } from './delivery.ts'
import { type AccessLogError, accessLogError, asAccessLogError } from './errors.ts'
import { programStatuses } from './helper/messages.ts'
import type { CaptureLine } from './line.ts'
import { Errors } from './report/errors.ts'
import { HealthServer } from './report/health.ts'
import type { Logger } from './report/logger.ts'
import { Metrics } from './report/metrics.ts'
import { Rate } from './report/rate.ts'
import { essenceOf, nodeStatus, type NodeFacts } from './report/status.ts'
import type { PodSettings } from './settings.ts'
import type { Condition } from '../crds/gen/meta.ts'
import type { Pods } from './workloads/kubernetes/pods.ts'
import { PodSource } from './workloads/kubernetes/source.ts'

export interface NodeAgentOptions {
  access: ApiAccess
  settings: PodSettings
  environment: NodeJS.ProcessEnv
  version: string
  pods: Pods
  line: CaptureLine
  delivery: Delivery
  logger: Logger
  timings?: { reflector?: Partial<ReflectorTimings>; status?: Partial<StatusTimings> }
}

const RATE_WINDOW_MS = 15_000
/** Secrets are mounted, and rotated, by the kubelet: nobody tells. */
const REREAD_MS = 10_000
const LAST_STATUS_MS = 3_000

export class NodeAgent {
  readonly #options: NodeAgentOptions
  readonly #client: ApiClient
  readonly #assignments: AssignmentWatch
  readonly #source: PodSource
  readonly #writer: StatusWriter
  readonly #rate = new Rate(RATE_WINDOW_MS)
  readonly #startTime = new Date().toISOString()
  readonly #contact = new Map<string, ApiError>()
  #assignment: Assignment | undefined
  #wanted: EffectiveConfig | undefined
  #configProblem: AccessLogError | undefined
  readonly #errors = new Errors()
  #conditions: readonly Condition[] | undefined
  #podsKnown = false
  #timer: NodeJS.Timeout | undefined
  #refreshDue = false
  #health: HealthServer | undefined

  constructor(options: NodeAgentOptions) {
    this.#options = options
    const { access, settings, version, pods, timings = {} } = options
    const { nodeName } = settings
    const random = Math.random
    this.#client = new ApiClient(access, `accesslog-agent/${version}`)
    const reflector = timings.reflector === undefined ? {} : { timings: timings.reflector }
    this.#assignments = new AssignmentWatch({
      client: this.#client,
      nodeName,
      random,
      onChange: (assignment) => this.#assign(assignment),
      onContact: (what, problem) => this.#contacted(what, problem),
      ...reflector,
    })
    this.#source = new PodSource({
      client: this.#client,
      nodeName,
      pods,
      random,
      onChange: () => this.#podsChanged(),
      onContact: (what, problem) => this.#contacted(what, problem),
      ...reflector,
    })
    this.#writer = new StatusWriter({
      client: this.#client,
      nodeName,
      random,
      build: () => this.#status(),
      onContact: (problem) => this.#contacted('the status', problem),
      ...(timings.status && { timings: timings.status }),
    })
  }

  /** Resolves when what is assigned is in force, or failed to be and is retried. Rejects with HEALTH_PORT. */
  async start(): Promise<void> {
    const { settings, logger } = this.#options
    const metrics = new Metrics(() => this.#metricFacts())
    this.#health = await HealthServer.listen(settings.healthAddress, {
      notReady: () => this.#notReady(),
      metrics: () => metrics.text(),
    })
    this.#assignments.start()
    await Promise.all([this.#source.start(), this.#assignments.synced])
    this.#podsKnown = true
    logger.info('connected to the cluster', { node: settings.nodeName, pods: this.#options.pods.size })
    this.#timer = setInterval(() => this.#reread(), REREAD_MS)
    // Before the first config is in force: what an agent before this one has left behind is not true any more.
    this.#writer.start()
    await this.#apply()
  }

  /** Of the health endpoint. */
  get healthPort(): number {
    return this.#health?.port ?? 0
  }

  /** Something of the line changed: the status follows. */
  changed(): void {
    this.#errors.note('capture', this.#options.line.state.problem)
    this.#writer.look()
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer)
    this.#health?.close()
    await Promise.all([this.#assignments.stop(), this.#source.stop()])
    await this.#writer.stop(LAST_STATUS_MS)
    this.#client.close()
  }

  #assign(assignment: Assignment): void {
    this.#assignment = assignment
    if (this.#podsKnown) void this.#apply()
  }

  /** A config that cannot be used changes nothing but the status. */
  async #apply(): Promise<void> {
    const { configName, pending } = this.#assignment ?? {}
    if (configName === undefined) {
      this.#wanted = this.#configProblem = undefined
      this.#errors.note('config', undefined)
    } else if (pending || !this.#readConfig(configName)) return this.#writer.look()
    await this.#options.line.apply(this.#wanted)
  }

  #readConfig(name: string): boolean {
    const spec = this.#assignment?.config
    const { environment, settings, logger } = this.#options
    const { nodeName, secretsFolder } = settings
    try {
      if (spec === undefined) throw accessLogError('KUBERNETES_CONFIG_MISSING', { name })
      this.#wanted = effectiveConfig({ name, spec, environment, nodeName, secretsFolder })
      this.#configProblem = undefined
      this.#errors.note('config', undefined)
      return true
    } catch (thrown) {
      const error = asAccessLogError(thrown)
      if (error.message !== this.#configProblem?.message) logger.error(error.render())
      this.#configProblem = error
      this.#errors.note('config', error)
      return false
    }
  }

  /** Picks up a Secret that was mounted or rotated meanwhile. */
  #reread(): void {
    const { applied } = this.#options.line.state
    const { authentication } = applied?.config.backend ?? {}
    const isWaiting = this.#configProblem?.code === 'KUBERNETES_SECRET_MISSING'
    const { configName } = this.#assignment ?? {}
    if (configName === undefined || !this.#readConfig(configName)) return
    if (isWaiting || this.#wanted?.config.backend?.authentication !== authentication) void this.#apply()
  }

  /** Many events of one chunk of a watch are one refresh. */
  #podsChanged(): void {
    if (!this.#podsKnown) return
    if (this.#refreshDue) return
    this.#refreshDue = true
    setImmediate(() => {
      this.#refreshDue = false
      this.#options.line.refresh()
    })
  }

  #contacted(what: string, problem: ApiError | undefined): void {
    const { logger } = this.#options
    if (problem === undefined) {
      this.#errors.note(what, undefined)
      if (this.#contact.delete(what)) logger.info('the API server answers again', { what })
      return
    }
    const isNews = !this.#contact.has(what)
    this.#contact.set(what, problem)
    const code = problem.isRefusal ? 'KUBERNETES_REFUSED' : 'KUBERNETES_UNREACHABLE'
    const error = accessLogError(code, { what, reason: problem.message })
    this.#errors.note(what, problem.isBusy ? undefined : error)
    if (!isNews) return
    if (problem.isBusy) logger.info('the API server asks to wait', { what, reason: problem.message })
    else logger.warn(error.message, { code, hint: error.hint })
  }

  /** Undefined as long as the operator has not made the object, or after it was deleted. */
  #status() {
    const facts = this.#facts()
    if (facts.generation === undefined) return undefined
    const now = new Date().toISOString()
    const before = this.#conditions ?? this.#assignments.firstConditions
    const status = nodeStatus(facts, before, now)
    this.#conditions = status.conditions ?? []
    return { status, essence: essenceOf(status) }
  }

  #facts(): NodeFacts {
    const { line, delivery, settings, version } = this.#options
    const { wanted, applied, problem, life } = line.state
    const counters = line.counters
    const { http = 0, kernel = {} } = counters?.logs ?? {}
    const logs = http + Object.values<number>(kernel).reduce((sum, many) => sum + many, 0)
    return {
      generation: this.#assignment?.generation,
      configName: this.#assignment?.configName,
      applied,
      configProblem: this.#configProblem,
      captureProblem: problem,
      pending: this.#assignment?.pending ?? true,
      attaching: isActive(wanted) && applied === undefined && problem === undefined,
      capture: life && { ...captureReport(programStatuses(life.ready.programs)) },
      workloads: line.watch?.counts(),
      counters,
      logsPerSecond: this.#rate.add(performance.now(), logs),
      backend: { address: delivery.address, status: delivery.status },
      agent: { version, pod: settings.podName, startTime: this.#startTime },
      kernel: release(),
      lastError: this.#errors.last,
    }
  }

  #notReady(): string | undefined {
    const { applied, problem } = this.#options.line.state
    if (!this.#podsKnown) return `waiting for the API server: ${this.#contactText() || 'not listed yet'}`
    const error = this.#configProblem ?? problem
    return error === undefined || applied !== undefined ? undefined : error.message
  }

  #contactText(): string {
    return [...this.#contact].map(([what, { message }]) => `${what}: ${message}`).join('; ')
  }

  #metricFacts() {
    const { line, delivery, version } = this.#options
    const { applied } = line.state
    const { processes, excluded } = line.watch?.counts() ?? { processes: 0, excluded: {} }
    return {
      counters: line.counters,
      capturing: applied !== undefined,
      controlled: this.#podsKnown && this.#contact.size === 0,
      backendConnected: delivery.status?.state === 'connected',
      processes,
      excluded,
      configHash: applied?.hash ?? '',
      version,
    }
  }
}

function isActive(wanted: EffectiveConfig | undefined): boolean {
  return wanted?.config.active ?? false
}
