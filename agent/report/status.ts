/** From what the agent knows of itself to the status of its node. Pure. */
import type { AccessLogStatusCountersStage, AccessLogStatusStatus } from '../../crds/gen/accesslogstatus.ts'
import type { Condition } from '../../crds/gen/meta.ts'
import type { AccessLogError } from '../errors.ts'
import type { EffectiveConfig } from '../control/effective.ts'
import type { SenderStatus } from '../flush/status.ts'
import type { WorkloadCounts } from '../workloads/kubernetes/watch.ts'
import { type CountsBy, type Counters, totalOf } from './counters.ts'
import { captureOf } from './capabilities.ts'
import { type Stage, summarize } from './summary.ts'

/** What the agent knows at one moment. */
export interface NodeFacts {
  /** Generation of the spec that the rest is about; undefined: there is no AccessLogStatus yet. */
  generation: number | undefined
  /** Name of the AccessLogConfig that is assigned; undefined: none. */
  configName: string | undefined
  /** What is in force; undefined: nothing is captured. */
  applied: EffectiveConfig | undefined
  /** Why what is assigned cannot be read as a config. */
  configProblem: AccessLogError | undefined
  /** Why it is not captured by. */
  captureProblem: AccessLogError | undefined
  /** The assigned config is on its way. */
  pending: boolean
  /** It is being put into force, and nothing was before. */
  attaching: boolean
  /** Capability to `Active`, or what is missing; undefined: not attached. */
  capture: Readonly<Record<string, string>> | undefined
  workloads: WorkloadCounts | undefined
  counters: Counters | undefined
  logsPerSecond: number
  backend: { address: string | undefined; status: SenderStatus | undefined }
  agent: { version: string; pod: string | undefined; startTime: string }
  kernel: string
  lastError: { code: string; message: string; time: string } | undefined
}

/** Bounds of the CRD. */
const MESSAGE_MAX = 1_024

/**
 * @param before the conditions last written, whose times of transition hold on
 * @param now RFC 3339
 */
export function nodeStatus(
  facts: NodeFacts,
  before: readonly Condition[],
  now: string,
): AccessLogStatusStatus {
  const { applied, agent, capture, counters, generation, lastError, workloads } = facts
  const conditions = conditionsOf(facts, before, now)
  return {
    ...(generation !== undefined && { observedGeneration: generation }),
    state: stateOf(facts, conditions),
    ...(applied && {
      configName: applied.name,
      configHash: applied.hash,
      configHashShort: applied.hash.slice(0, 8),
    }),
    overrides: (applied?.overrides ?? []).map((one) => ({ ...one, value: one.value.slice(0, MESSAGE_MAX) })),
    lastHeartbeatTime: now,
    agent: {
      version: agent.version,
      startTime: agent.startTime,
      ...(agent.pod !== undefined && { pod: agent.pod }),
    },
    kernel: facts.kernel.slice(0, 128),
    ...(capture && { capture: captureOf(capture, applied?.collectors) }),
    workloads: workloadsOf(workloads),
    connections: counters === undefined || applied === undefined ? 0 : openConnections(counters),
    logsPerSecond: applied === undefined ? 0 : twoDigits(facts.logsPerSecond),
    ...(facts.backend.address !== undefined && { backend: { address: facts.backend.address } }),
    ...(counters && { counters: countersOf(counters) }),
    ...(lastError && { lastError: { ...lastError, message: lastError.message.slice(0, MESSAGE_MAX) } }),
    conditions,
  }
}

/**
 * A text that differs when a status says something else: numbers and times are left out, except that it tells when
 * something is lost for the first time and then at each power of ten.
 */
export function essenceOf(status: AccessLogStatusStatus): string {
  const {
    lastHeartbeatTime: _,
    workloads: _w,
    connections: _c,
    logsPerSecond: _l,
    counters,
    ...rest
  } = status
  const dropped = counters?.dropped ?? 0
  const magnitude = dropped === 0 ? 0 : Math.floor(Math.log10(dropped)) + 1
  const conditions = (status.conditions ?? []).map(({ lastTransitionTime: _t, ...one }) => one)
  return JSON.stringify({ ...rest, conditions, lastError: status.lastError?.code, magnitude })
}

/** Nothing captured is Inactive unless something else was wanted and failed. */
function stateOf({ applied }: NodeFacts, conditions: readonly Condition[]) {
  if (conditions.some(({ status }) => status === 'False')) return 'Degraded'
  return applied === undefined ? 'Inactive' : 'Active'
}

type Finding = Pick<Condition, 'type' | 'status' | 'reason' | 'message'>

function conditionsOf(facts: NodeFacts, before: readonly Condition[], now: string): Condition[] {
  return [configApplied(facts), capturing(facts), backendConnected(facts)].map((finding) => {
    const previous = before.find(({ type }) => type === finding.type)
    const isSame = previous?.status === finding.status
    return {
      ...finding,
      message: finding.message.slice(0, MESSAGE_MAX),
      ...(facts.generation !== undefined && { observedGeneration: facts.generation }),
      lastTransitionTime: isSame ? previous.lastTransitionTime : now,
    }
  })
}

function configApplied(facts: NodeFacts): Finding {
  const { applied, attaching, captureProblem, configName, configProblem, pending } = facts
  const type = 'ConfigApplied'
  const kept = applied === undefined ? '' : `; ${applied.name} (${applied.hash.slice(0, 8)}) stays in force`
  const problem = configProblem ?? captureProblem
  if (problem !== undefined) {
    const message = [problem.message, ...problem.details].join('; ') + kept
    return { type, status: 'False', reason: camelCase(problem.code), message: `${message}. ${problem.hint}` }
  }
  if (configName === undefined)
    return { type, status: 'True', reason: 'NoPolicy', message: 'no active policy selects this node' }
  if (pending)
    return { type, status: 'Unknown', reason: 'Pending', message: `${configName} is being read${kept}` }
  if (attaching)
    return { type, status: 'Unknown', reason: 'Pending', message: `${configName} is being put into force` }
  if (applied === undefined)
    return { type, status: 'True', reason: 'SwitchedOff', message: 'the environment switches capturing off' }
  return { type, status: 'True', reason: 'Applied', message: `${applied.name} is in force` }
}

function capturing({ applied, attaching, capture, captureProblem }: NodeFacts): Finding {
  const type = 'Capturing'
  if (captureProblem !== undefined && applied === undefined)
    return { type, status: 'False', reason: camelCase(captureProblem.code), message: captureProblem.message }
  if (attaching || (applied !== undefined && capture === undefined))
    return { type, status: 'Unknown', reason: 'Attaching', message: 'the programs are being attached' }
  if (applied === undefined)
    return { type, status: 'Unknown', reason: 'Inactive', message: 'nothing is to be captured' }
  const traffic = capture?.['traffic'] ?? 'Active'
  return traffic === 'Active'
    ? { type, status: 'True', reason: 'Attached', message: 'connections and traffic are captured' }
    : { type, status: 'False', reason: 'Partial', message: `traffic: ${traffic}` }
}

function backendConnected({ applied, backend }: NodeFacts): Finding {
  const type = 'BackendConnected'
  const { address, status } = backend
  if (applied === undefined || status === undefined)
    return { type, status: 'Unknown', reason: 'Inactive', message: 'nothing is to be sent' }
  if (status.problem !== undefined)
    return { type, status: 'False', reason: camelCase(status.problem.code), message: status.problem.message }
  if (status.state === 'connected')
    return { type, status: 'True', reason: 'Connected', message: `${address} takes the logs` }
  return { type, status: 'Unknown', reason: 'Connecting', message: `connecting to ${address}` }
}

function workloadsOf(counts: WorkloadCounts | undefined) {
  const { processes, containers, pods, excluded } = counts ?? {
    processes: 0,
    containers: 0,
    pods: 0,
    excluded: {},
  }
  return {
    processes,
    containers,
    pods,
    excluded: Object.entries(excluded).map(([reason, many]) => ({ reason, processes: many })),
  }
}

function countersOf(counters: Counters) {
  const stages = summarize(counters).stages.map(stageOf)
  const sum = (counts: 'filtered' | 'dropped') =>
    stages.reduce(
      (total, stage) => total + (stage[counts] ?? []).reduce((all, { count }) => all + count, 0),
      0,
    )
  return {
    delivered: counters.outputs.backend?.delivered ?? 0,
    filtered: sum('filtered'),
    dropped: sum('dropped'),
    stages: stages.slice(0, 8),
  }
}

/** Stages are not read at the same moment: what moved meanwhile is pending, or was seen by now. */
function stageOf({
  stage,
  unit,
  seen,
  passed,
  folded,
  pending,
  filtered,
  dropped,
}: Stage): AccessLogStatusCountersStage {
  const accounted = passed + folded + totalOf(filtered) + totalOf(dropped)
  return {
    stage: stage === 'kernel' || stage === 'logs' ? unit : stage === 'agent' ? 'records' : stage,
    seen: Math.max(seen, accounted),
    passed,
    folded,
    pending: Math.max(pending, seen - accounted, 0),
    ...reasons('filtered', filtered),
    ...reasons('dropped', dropped),
  }
}

function reasons(name: 'filtered' | 'dropped', counts: CountsBy) {
  const items = Object.entries(counts).flatMap(([reason, count]) => (count > 0 ? { reason, count } : []))
  return items.length === 0 ? {} : { [name]: items }
}

function openConnections({ kernel }: Counters): number {
  return Math.max(0, kernel.records_open - kernel.records_close)
}

/** 1234 is 1200, 0.1234 is 0. */
function twoDigits(number: number): number {
  return number < 1 ? 0 : Math.round(Number(number.toPrecision(2)))
}

/** HELPER_NO_BTF is HelperNoBtf. */
function camelCase(code: string): string {
  return code
    .toLowerCase()
    .split('_')
    .map((word) => word.slice(0, 1).toUpperCase() + word.slice(1))
    .join('')
}
