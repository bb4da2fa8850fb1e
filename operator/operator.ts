/** The operator: gathers always, and writes while it leads. */
import type { AccessLogPolicyStatus } from '../crds/gen/accesslogpolicy.ts'
import { ACCESS_LOG_POLICY } from '../crds/gen/accesslogpolicy.ts'
import { Writer } from './apply/writer.ts'
import { Directory, PODS, SERVICES } from './directory/directory.ts'
import type { ApiServer } from './gather/api-server.ts'
import { CONFIGS, NODES, type NodeReport, Observed, type PolicyView, REPORTS } from './gather/observed.ts'
import type { ApiObject, Reflector, ReflectorObserver } from './gather/reflector.ts'
import { Secrets } from './gather/secrets.ts'
import { type Logger, reasonText } from './log.ts'
import type { OperatorOptions } from './options.ts'
import { Heartbeats } from './plan/heartbeats.ts'
import { type ReconcileObserver, Reconciler, type WorkKind } from './reconcile/reconciler.ts'
import { ReliableOperator, type ResourceEvent, ResourceEventType } from './reconcile/reliable-operator.ts'
import { type OperatorMetrics, apiObservers, reasonOf } from './serve/metrics.ts'

/** Policies' own writes: statuses, configs and Events. With the nodes' they make 20 a second in the long run. */
const POLICY_WRITES = { perSecond: 5, burst: 100 }

const SYNC_POLL_MS = 20
/** Reading every pod keeps an API server busy that has first assignments to write; but addresses do not wait for ever. */
const DIRECTORY_WAIT_MS = 60_000
/** A replica that has not become the leader by then reads them at once. */
const LEAD_WAIT_MS = 2_000

export class AccessLogOperator extends ReliableOperator {
  readonly directory: Directory
  readonly #options: OperatorOptions
  readonly #log: Logger
  readonly #metrics: OperatorMetrics
  readonly #observed: Observed
  readonly #secrets: Secrets
  readonly #heartbeats = new Heartbeats()
  readonly #now: () => number
  #directoryReflectors: Reflector[] = []
  #cluster: Reflector[] = []
  #reconciler: Reconciler | undefined
  #fence: AbortSignal | undefined

  /** @param now milliseconds of a clock that never goes back */
  constructor(
    options: OperatorOptions,
    log: Logger,
    metrics: OperatorMetrics,
    now: () => number = () => performance.now(),
  ) {
    const observers = apiObservers(metrics)
    const reflector = { ...observers.reflector, failed: failureLog(log, observers.reflector.failed) }
    super({ logger: plainLogger(log), observeRequest: observers.request, observer: reflector })
    this.#options = options
    this.#now = now
    this.#log = log
    this.#metrics = metrics
    this.directory = new Directory(options.defaults.clusterName)
    this.#observed = this.#makeObserved()
    const changed = () => this.#reconciler?.changed()
    this.#secrets = new Secrets(
      options.namespace,
      { api: this.api, observer: reflector, random: Math.random, now },
      changed,
    )
  }

  /** For example https://10.96.0.1:443. @throws when none is known */
  serverUrl(): string {
    const server = this.kubeConfig.getCurrentCluster()?.server
    if (server === undefined) throw new Error('neither a kubeconfig nor a service account names one')
    return server
  }

  get client(): ApiServer {
    return this.api
  }

  /** Whether all pods and Services have been read. */
  get directorySynced(): boolean {
    return this.#directoryReflectors.length > 0 && this.#directoryReflectors.every(({ synced }) => synced)
  }

  /** Whether policies, nodes, configs and statuses have been read. */
  get clusterSynced(): boolean {
    return this.watchesDelivered && this.#cluster.length > 0 && this.#cluster.every(({ synced }) => synced)
  }

  /** Since the API server last said something of agents' statuses. */
  get reportsSilentMs(): number {
    return this.#heartbeats.silenceMs(this.#now())
  }

  get queueDepths(): Partial<Record<WorkKind, number>> {
    return this.#reconciler?.depths ?? {}
  }

  get objectCounts(): Record<string, number> {
    const { policies, nodes, configs, reports } = this.#observed
    return { policies: policies.size, nodes: nodes.size, configs: configs.size, statuses: reports.size }
  }

  protected override async init(): Promise<void> {
    const { nodes, configs, reports } = this.#observed
    const { group, version, plural } = ACCESS_LOG_POLICY
    await this.watchResource(group, version, plural, (event) => this.#onPolicy(event))
    this.#cluster = [
      this.reflect(NODES, nodes),
      this.reflect(CONFIGS, configs),
      this.reflect(REPORTS, reports, () => this.#heartbeats.heard(this.#now())),
    ]
    this.#startDirectory()
  }

  /** After what plans need and what a first plan writes, so that neither waits for every pod of the cluster. */
  #startDirectory(sinceMs = this.#now()): void {
    if (this.stopped.aborted) return
    if (!this.clusterSynced || this.#isConverging(this.#now() - sinceMs)) {
      setTimeout(() => this.#startDirectory(sinceMs), SYNC_POLL_MS)
      return
    }
    this.#directoryReflectors = [
      this.reflect(SERVICES, this.directory.services),
      this.reflect(PODS, this.directory.pods),
    ]
  }

  /** Writes until the fence aborts, once everything that decides has been read. */
  lead(fence: AbortSignal): void {
    this.#fence = fence
    this.#log.info('this replica leads')
    this.#startWhenSynced(fence)
  }

  /** Ends every watch and what this replica writes. */
  override stop(): void {
    this.#reconciler?.stop()
    this.#secrets.stop()
    super.stop()
  }

  protected override fence(): AbortSignal | undefined {
    return this.#fence
  }

  /** Whether this replica may have first assignments to write. @param waitedMs since it has started */
  #isConverging(waitedMs: number): boolean {
    if (this.#fence === undefined) return waitedMs < LEAD_WAIT_MS
    if (this.#fence.aborted || waitedMs >= DIRECTORY_WAIT_MS) return false
    return this.#reconciler?.isConverging ?? true
  }

  /** A plan of half a cluster would take nodes away from their policies. */
  #startWhenSynced(fence: AbortSignal): void {
    if (fence.aborted || this.stopped.aborted) return
    if (!this.clusterSynced) {
      setTimeout(() => this.#startWhenSynced(fence), SYNC_POLL_MS)
      return
    }
    this.#reconciler = this.#makeReconciler(fence)
    fence.addEventListener('abort', () => this.#reconciler?.stop(), { once: true })
    this.#reconciler.start()
  }

  #makeReconciler(fence: AbortSignal): Reconciler {
    const { defaults, nodeWrites, pod } = this.#options
    const limits = { nodes: nodeWrites, policies: POLICY_WRITES }
    return new Reconciler({
      observed: this.#observed,
      secrets: this.#secrets,
      heartbeats: this.#heartbeats,
      writer: new Writer({ api: this.api, limits, fence, now: this.#now }),
      defaults,
      pod,
      setStatus: (policy, status) => this.#setStatus(policy, status),
      observer: this.#reconcileObserver(),
      now: this.#now,
      random: Math.random,
    })
  }

  async #onPolicy({ type, object }: ResourceEvent): Promise<void> {
    const { policies } = this.#observed
    if (type === ResourceEventType.Deleted) policies.remove(object as unknown as ApiObject)
    else policies.upsert(object as unknown as ApiObject)
  }

  async #setStatus({ name }: PolicyView, status: AccessLogPolicyStatus): Promise<void> {
    const { apiVersion, kind, plural } = ACCESS_LOG_POLICY
    await this.setResourceStatus(
      { id: `${plural}.${apiVersion}`, apiVersion, kind, name, resourceVersion: '' },
      status,
    )
  }

  #makeObserved(): Observed {
    const changed = () => this.#reconciler?.changed()
    return new Observed({
      policies: (name, before, after) => {
        if (!after) this.#reconciler?.policyGone(name)
        else if (before?.generation !== after.generation || before.uid !== after.uid) changed()
      },
      nodes: changed,
      configs: changed,
      reports: (name, before, after) => this.#onReport(name, before, after),
    })
  }

  #onReport(name: string, before: NodeReport | undefined, after: NodeReport | undefined): void {
    if (after) this.#heartbeats.saw(name, after.heartbeat, this.#now())
    else this.#heartbeats.forget(name)
    const isAssigned =
      before && after && before.configName === after.configName && before.nodeUid === after.nodeUid
    if (!isAssigned) this.#reconciler?.assignmentChanged(name)
    this.#reconciler?.reported(after?.configName ?? before?.configName)
  }

  #reconcileObserver(): ReconcileObserver {
    const { reconciles, reconcileErrors, eventErrors } = this.#metrics
    return {
      worked: (kind, durationMs) => reconciles.observe({ kind }, durationMs / 1000),
      failed: (kind, name, error, retryMs) => {
        reconcileErrors.inc({ kind, reason: reasonOf(error) })
        if (this.#fence?.aborted) return
        this.#log.warn('work failed and is tried again', {
          kind,
          name,
          retryMs: Math.round(retryMs),
          reason: reasonText(error),
        })
      },
      eventFailed: (error) => {
        eventErrors.inc()
        this.#log.warn('an Event could not be written', { reason: reasonText(error) })
      },
    }
  }
}

/** The base class logs sentences only. */
function plainLogger(log: Logger) {
  return {
    debug: (message: string) => void log.debug(message),
    info: (message: string) => void log.info(message),
    warn: (message: string) => void log.warn(message),
    error: (message: string) => void log.error(message),
  }
}

/** What fails again for the same reason is counted, and logged for whoever looks for it. */
function failureLog(log: Logger, count: ReflectorObserver['failed']): ReflectorObserver['failed'] {
  return (resource, error, retryMs, isNews) => {
    count(resource, error, retryMs, isNews)
    log.log(isNews ? 'warn' : 'debug', 'a watch failed and is tried again', {
      resource,
      retryMs: Math.round(retryMs),
      reason: reasonText(error),
    })
  }
}
