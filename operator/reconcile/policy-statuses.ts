/** Keeps AccessLogPolicy.status true, and tells users by Events what they must know. */
import { isDeepStrictEqual } from 'node:util'
import { ACCESS_LOG_POLICY, type AccessLogPolicyStatus } from '../../crds/gen/accesslogpolicy.ts'
import type { Writer } from '../apply/writer.ts'
import type { Observed, PolicyView } from '../gather/observed.ts'
import { EVENT_NAMESPACE, eventObject, transitions } from '../objects/event.ts'
import type { Force } from '../plan/force.ts'
import { type Progress, policyStatus } from '../plan/outcome.ts'
import { progress } from '../plan/progress.ts'

export interface PolicyStatusesOptions {
  observed: Observed
  writer: Writer
  force: () => Force | undefined
  /** Makes `status` the policy's. Rejects when the API server refuses. */
  setStatus: (policy: PolicyView, status: AccessLogPolicyStatus) => Promise<void>
  /** Name of this pod, the reporter of Events. */
  pod: string
  /** Milliseconds of a clock that never goes back. */
  now: () => number
  eventFailed: (error: unknown) => void
}

/** A policy's status is written at most this often. */
export const STATUS_PERIOD_MS = 5_000
/** Thousands of agents may report at once: that is looked at together. */
const LOOK_PERIOD_MS = 500

const EVENTS_PATH = `/apis/events.k8s.io/v1/namespaces/${EVENT_NAMESPACE}/events`
const NOTHING: Progress = { programmed: 0, ready: 0, degraded: 0, lost: 0 }
const NO_SHARE = { selected: 0, governed: 0, overriddenBy: new Map<string, number>() }

export class PolicyStatuses {
  readonly #options: PolicyStatusesOptions
  readonly #writtenMs = new Map<string, number>()
  readonly #lookedMs = new Map<string, number>()
  #events = 0

  constructor(options: PolicyStatusesOptions) {
    this.#options = options
  }

  /** How long until the status of this policy may be looked at again; 0: now. */
  waitMs(name: string): number {
    const nowMs = this.#options.now()
    const written = (this.#writtenMs.get(name) ?? -Infinity) + STATUS_PERIOD_MS
    const looked = (this.#lookedMs.get(name) ?? -Infinity) + LOOK_PERIOD_MS
    return Math.max(0, written - nowMs, looked - nowMs)
  }

  forget(name: string): void {
    this.#writtenMs.delete(name)
    this.#lookedMs.delete(name)
  }

  /** Writes the status if it is not what it should be. @throws {ApiError} */
  async write(name: string): Promise<void> {
    const { observed, setStatus, now } = this.#options
    const policy = observed.policies.get(name)
    if (policy) this.#lookedMs.set(name, now())
    const status = policy && this.#wanted(policy)
    if (!policy || !status || isDeepStrictEqual(policy.status, status)) return
    this.#writtenMs.set(name, now())
    await setStatus(policy, status)
    await this.#tell(policy, status)
  }

  /** Undefined while the plan does not yet know the policy as it is. */
  #wanted(policy: PolicyView): AccessLogPolicyStatus | undefined {
    const force = this.#options.force()
    const judgement = force?.judgements.get(policy.name)
    if (!force || !judgement || force.undecided.has(policy.name)) return undefined
    const hashOf = (name: string) => force.judgements.get(name)?.accepted?.hash
    return policyStatus({
      generation: policy.generation,
      judgement,
      share: force.shares.get(policy.name) ?? NO_SHARE,
      progress: progress(force.winners, this.#options.observed.reports, hashOf).get(policy.name) ?? NOTHING,
      previous: policy.status,
      nowTime: new Date().toISOString().replace(/\.\d+/, ''),
    })
  }

  /** Events are for people: one that cannot be written is counted, not tried again. */
  async #tell(policy: PolicyView, status: AccessLogPolicyStatus): Promise<void> {
    const { writer, pod, eventFailed } = this.#options
    const { apiVersion, kind } = ACCESS_LOG_POLICY
    const subject = { apiVersion, kind, name: policy.name, uid: policy.uid }
    for (const text of transitions(policy.status?.conditions ?? [], status.conditions ?? [])) {
      const time = new Date().toISOString().replace('Z', '000Z')
      const suffix = `${Date.now().toString(16)}${(this.#events++).toString(16)}`
      const event = eventObject(subject, text, pod, suffix, time)
      await writer.create(EVENTS_PATH, event, 'policies').catch(eventFailed)
    }
  }
}
