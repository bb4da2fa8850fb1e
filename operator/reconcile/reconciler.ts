/** The leader's work: what changed decides what is looked at again. Level-triggered: every step looks at all it needs. */
import type { AccessLogPolicyStatus } from '../../crds/gen/accesslogpolicy.ts'
import { ACCESS_LOG_STATUS } from '../../crds/gen/accesslogstatus.ts'
import type { Writer } from '../apply/writer.ts'
import type { BackoffPolicy } from '../../crds/backoff.ts'
import { type Observed, type PolicyView, collectionPath } from '../gather/observed.ts'
import type { ApiObject } from '../gather/reflector.ts'
import type { Secrets } from '../gather/secrets.ts'
import { lostObject } from '../objects/accesslogstatus.ts'
import type { Heartbeats } from '../plan/heartbeats.ts'
import type { InstallDefaults } from '../plan/render.ts'
import { Assignments } from './assignments.ts'
import { PolicyStatuses } from './policy-statuses.ts'
import { WorkQueue } from './work-queue.ts'

/** What happens, for metrics and the log. */
export interface ReconcileObserver {
  worked(kind: WorkKind, durationMs: number): void
  failed(kind: WorkKind, name: string, error: unknown, retryMs: number): void
  eventFailed(error: unknown): void
}

export type WorkKind = 'node' | 'plan' | 'status'

export interface ReconcilerOptions {
  observed: Observed
  secrets: Secrets
  heartbeats: Heartbeats
  writer: Writer
  defaults: InstallDefaults
  pod: string
  setStatus: (policy: PolicyView, status: AccessLogPolicyStatus) => Promise<void>
  observer: ReconcileObserver
  /** Milliseconds of a clock that never goes back. */
  now: () => number
  /** Uniform in [0, 1). */
  random: () => number
}

const BACKOFF: BackoffPolicy = { initialMs: 100, maxMs: 30_000 }
/** Assignments that are written side by side. */
const NODE_WORKERS = 8
const LOST_CHECK_MS = 15_000
/** After assignments have changed, configs that they no longer refer to stay for so long. */
const PRUNE_DELAY_MS = 500
const PLAN = 'plan'

export class Reconciler {
  readonly #options: ReconcilerOptions
  readonly #assignments: Assignments
  readonly #statuses: PolicyStatuses
  readonly #plans: WorkQueue
  readonly #nodes: WorkQueue
  readonly #policies: WorkQueue
  #lostCheck: NodeJS.Timeout | undefined
  #hasPlanned = false

  constructor(options: ReconcilerOptions) {
    this.#options = options
    const { observed, secrets, writer, defaults, observer } = options
    const nodePending = (node: string) => this.#nodes.add(node)
    this.#assignments = new Assignments({ observed, secrets, writer, defaults, nodePending })
    this.#statuses = new PolicyStatuses({
      ...options,
      force: () => this.#assignments.force,
      eventFailed: (error) => observer.eventFailed(error),
    })
    this.#plans = this.#queue('plan', 1, () => this.#plan())
    this.#nodes = this.#queue('node', NODE_WORKERS, (name) => this.#node(name))
    this.#policies = this.#queue('status', 1, (name) => this.#statuses.write(name))
  }

  /** Keys that wait, by kind. */
  get depths(): Record<WorkKind, number> {
    return { plan: this.#plans.depth, node: this.#nodes.depth, status: this.#policies.depth }
  }

  /** Whether the first plan is not in force yet, or nodes wait for what they are to do. */
  get isConverging(): boolean {
    return !this.#hasPlanned || this.#nodes.depth > 0
  }

  start(): void {
    this.#plans.add(PLAN)
    this.#lostCheck = setInterval(() => this.#queueLost(), LOST_CHECK_MS)
  }

  stop(): void {
    clearInterval(this.#lostCheck)
    for (const queue of [this.#plans, this.#nodes, this.#policies]) queue.close()
  }

  /** Policies, nodes, configs, Secrets or assignments have changed. */
  changed(): void {
    this.#plans.add(PLAN)
  }

  policyGone(name: string): void {
    this.#statuses.forget(name)
    this.changed()
  }

  /** A node's agent has reported: that can only matter to the status of its policy. */
  reported(configName: string | undefined): void {
    if (configName !== undefined) this.#queueStatus(configName)
  }

  /**
   * A node's assignment has changed, mostly by a write of one's own: no plan is needed for each of thousands, only one
   * afterwards, for configs that nobody refers to any more.
   */
  assignmentChanged(node: string): void {
    this.#nodes.add(node)
    this.#plans.addAfter(PLAN, PRUNE_DELAY_MS)
  }

  async #plan(): Promise<void> {
    try {
      await this.#assignments.plan()
    } finally {
      this.#hasPlanned = true
      for (const [name] of this.#options.observed.policies) this.#queueStatus(name)
    }
  }

  async #node(name: string): Promise<void> {
    const { observed, writer, heartbeats, now } = this.#options
    if (!observed.nodes.get(name)) return this.#assignments.forget(name)
    await this.#assignments.assign(name)
    if (!this.#mustBeLost(name) || !heartbeats.isSilent(name, now())) return
    const path = `${collectionPath(ACCESS_LOG_STATUS)}/${encodeURIComponent(name)}/status`
    observed.reports.upsert(await writer.apply<ApiObject>(path, lostObject(name), 'nodes'))
  }

  #queueLost(): void {
    const { heartbeats, now } = this.#options
    for (const name of heartbeats.silent(now())) if (this.#mustBeLost(name)) this.#nodes.add(name)
  }

  #mustBeLost(name: string): boolean {
    const report = this.#options.observed.reports.get(name)
    return report !== undefined && report.state !== 'Lost'
  }

  #queueStatus(policy: string): void {
    this.#policies.addAfter(policy, this.#statuses.waitMs(policy))
  }

  #queue(kind: WorkKind, workers: number, work: (key: string) => Promise<void>): WorkQueue {
    const { observer, random, now } = this.#options
    const timed = async (key: string) => {
      const startMs = now()
      await work(key)
      observer.worked(kind, now() - startMs)
    }
    const failed = (key: string, error: unknown, retryMs: number) =>
      observer.failed(kind, key, error, retryMs)
    return new WorkQueue({ workers, work: timed, backoff: BACKOFF, random, failed })
  }
}
