import test from 'ava'
import { accessLogError } from '../../../agent/errors.ts'
import { type EffectiveConfig, effectiveConfig } from '../../../agent/control/effective.ts'
import { collect } from '../../../agent/report/collect.ts'
import { Rate } from '../../../agent/report/rate.ts'
import { essenceOf, nodeStatus, type NodeFacts } from '../../../agent/report/status.ts'
import { emptyTally } from '../../../agent/logs/tally.ts'
import type { AccessLogConfigSpec } from '../../../crds/gen/accesslogconfig.ts'
import { config } from '../../e2e/kubernetes/objects.ts'

const NOW = '2026-01-02T00:00:00.000Z'
const BEFORE = '2026-01-01T00:00:00.000Z'

const effective = effectiveConfig({
  name: 'default',
  spec: config('default', 'oap:11800').spec as AccessLogConfigSpec,
  environment: {},
  nodeName: 'a',
  secretsFolder: '/none',
})
const applied: EffectiveConfig = { ...effective, collectors: { ...effective.collectors, tls: ['OpenSSL'] } }

const CONNECTED = { address: 'oap:11800', status: { state: 'connected', problem: undefined } } as const

const ACTIVE: NodeFacts = {
  generation: 3,
  configName: 'default',
  applied,
  configProblem: undefined,
  captureProblem: undefined,
  pending: false,
  attaching: false,
  capture: { traffic: 'Active', tls: 'Unsupported (not in this version)' },
  workloads: { processes: 7, containers: 3, pods: 2, excluded: { not_in_pod: 40 } },
  counters: undefined,
  logsPerSecond: 1234.5,
  backend: CONNECTED,
  agent: { version: '0.1.0', pod: 'agent-x', startTime: BEFORE },
  kernel: '6.1.0',
  lastError: undefined,
}
const INACTIVE: NodeFacts = {
  ...ACTIVE,
  configName: undefined,
  applied: undefined,
  capture: undefined,
  workloads: undefined,
}
const missing = accessLogError('KUBERNETES_CONFIG_MISSING', { name: 'other' })
const noBtf = accessLogError('HELPER_NO_BTF', { where: 'kernel', reason: 'none' })
const down = { code: 'BACKEND_UNREACHABLE', message: 'refused' } as const

const CASES: Record<string, { facts: NodeFacts; state: string; conditions: string[] }> = {
  'captures all that is wanted': {
    facts: ACTIVE,
    state: 'Active',
    conditions: ['True Applied', 'True Attached', 'True Connected'],
  },
  'is not assigned a config': {
    facts: INACTIVE,
    state: 'Inactive',
    conditions: ['True NoPolicy', 'Unknown Inactive', 'Unknown Inactive'],
  },
  'waits for its config, and has none yet': {
    facts: { ...INACTIVE, configName: 'default', pending: true },
    state: 'Inactive',
    conditions: ['Unknown Pending', 'Unknown Inactive', 'Unknown Inactive'],
  },
  'puts its first config into force': {
    facts: { ...INACTIVE, configName: 'default', attaching: true },
    state: 'Inactive',
    conditions: ['Unknown Pending', 'Unknown Attaching', 'Unknown Inactive'],
  },
  'is assigned a config that does not exist, and keeps its last': {
    facts: { ...ACTIVE, configName: 'other', configProblem: missing },
    state: 'Degraded',
    conditions: ['False KubernetesConfigMissing', 'True Attached', 'True Connected'],
  },
  'cannot attach': {
    facts: { ...INACTIVE, configName: 'default', captureProblem: noBtf },
    state: 'Degraded',
    conditions: ['False HelperNoBtf', 'False HelperNoBtf', 'Unknown Inactive'],
  },
  'has a backend that does not answer': {
    facts: {
      ...ACTIVE,
      backend: { address: 'oap:11800', status: { state: 'connecting', problem: down as never } },
    },
    state: 'Degraded',
    conditions: ['True Applied', 'True Attached', 'False BackendUnreachable'],
  },
  'connects for the first time': {
    facts: {
      ...ACTIVE,
      backend: { address: 'oap:11800', status: { state: 'connecting', problem: undefined } },
    },
    state: 'Active',
    conditions: ['True Applied', 'True Attached', 'Unknown Connecting'],
  },
  'captures less than it should': {
    facts: { ...ACTIVE, capture: { traffic: 'Partial (destroy_socket: no)' } },
    state: 'Degraded',
    conditions: ['True Applied', 'False Partial', 'True Connected'],
  },
  'is switched off by its environment': {
    facts: { ...INACTIVE, configName: 'default' },
    state: 'Inactive',
    conditions: ['True SwitchedOff', 'Unknown Inactive', 'Unknown Inactive'],
  },
}

for (const [name, { facts, state, conditions }] of Object.entries(CASES)) {
  test(`a node that ${name}`, (t) => {
    const status = nodeStatus(facts, [], NOW)
    t.is(status.state, state as never)
    t.deepEqual(
      status.conditions?.map((one) => `${one.status} ${one.reason}`),
      conditions,
    )
    for (const { reason, message, observedGeneration } of status.conditions ?? []) {
      t.regex(reason, /^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$/)
      t.true(message.length > 0 && message.length <= 1_024)
      t.is(observedGeneration, 3)
    }
  })
}

test('the numbers that a user reads', (t) => {
  t.like(nodeStatus(ACTIVE, [], NOW), {
    observedGeneration: 3,
    configName: 'default',
    configHash: applied.hash,
    configHashShort: applied.hash.slice(0, 8),
    lastHeartbeatTime: NOW,
    logsPerSecond: 1200,
    workloads: { processes: 7, containers: 3, pods: 2, excluded: [{ reason: 'not_in_pod', processes: 40 }] },
    capture: {
      summary: 'tls:Unavailable',
      capabilities: [
        { name: 'traffic', state: 'Active' },
        { name: 'tls', state: 'Unavailable', reason: 'not in this version' },
      ],
    },
  })
})

test('what is not wanted is off, and not missing', (t) => {
  const capture = { traffic: 'Active', existingSockets: 'Off (scan_sockets: no)', l2l4: 'Unsupported (x)' }
  const status = nodeStatus({ ...ACTIVE, capture }, [], NOW)
  t.deepEqual(status.capture, {
    summary: 'existing-sockets:Unavailable',
    capabilities: [
      { name: 'traffic', state: 'Active' },
      { name: 'existing-sockets', state: 'Unavailable', reason: 'scan_sockets: no' },
      { name: 'layers', state: 'Off', reason: 'not wanted' },
    ],
  })
})

test('collectors are off that the policy does not have', (t) => {
  const capture = { traffic: 'Active', http2: 'Unsupported (not in this version)' }
  const collectors = { ...applied.collectors, connections: false, protocols: ['HTTP2' as const] }
  const status = nodeStatus({ ...ACTIVE, capture, applied: { ...applied, collectors } }, [], NOW)
  t.deepEqual(status.capture, {
    summary: 'http2:Unavailable',
    capabilities: [
      { name: 'traffic', state: 'Active' },
      { name: 'http2', state: 'Unavailable', reason: 'not in this version' },
      { name: 'connections', state: 'Off', reason: 'not wanted' },
      { name: 'http1', state: 'Off', reason: 'not wanted' },
    ],
  })
})

test('a kept config is named in the condition', (t) => {
  const { conditions } = nodeStatus({ ...ACTIVE, configProblem: missing }, [], NOW)
  t.regex(conditions?.[0]?.message ?? '', /AccessLogConfig other.*; default \([0-9a-f]{8}\) stays in force/)
})

test('the time of a transition changes with the status only', (t) => {
  const first = nodeStatus(ACTIVE, [], BEFORE).conditions ?? []
  const facts = {
    ...ACTIVE,
    backend: { address: 'oap:11800', status: { state: 'connecting', problem: down } },
  }
  const second = nodeStatus(facts as unknown as NodeFacts, first, NOW).conditions ?? []
  t.deepEqual(
    second.map(({ lastTransitionTime }) => lastTransitionTime),
    [BEFORE, BEFORE, NOW],
  )
})

/** Counters of records, so many of which are lost. */
function losing(lost: number): NodeFacts {
  const stages = { helperLives: [], shards: [emptyTally()], text: undefined, backend: undefined }
  const records = { received: 1_000_000, dropped: { queue_full: lost } }
  return { ...ACTIVE, counters: collect({ ...stages, records }) }
}

test('numbers and times are not worth a write, losses are', (t) => {
  const essence = (facts: NodeFacts, now = NOW) => essenceOf(nodeStatus(facts, [], now))
  const same = essence(losing(0))
  const workloads = { processes: 8, containers: 4, pods: 3, excluded: {} }
  t.is(essence({ ...losing(0), logsPerSecond: 7, workloads }, BEFORE), same)
  t.not(essence(losing(1)), same)
  t.is(essence(losing(2)), essence(losing(9)))
  t.not(essence(losing(9)), essence(losing(10)))
  t.not(essence({ ...losing(0), configProblem: missing }), same)
})

test('at every stage what was seen is explained', (t) => {
  const { counters } = nodeStatus(losing(5), [], NOW)
  t.is(counters?.dropped, 5)
  for (const { seen, passed, folded, pending, filtered = [], dropped = [] } of counters?.stages ?? []) {
    const kept = [...filtered, ...dropped].reduce((sum, { count }) => sum + count, 0)
    t.is(seen, passed + folded + pending + kept)
  }
})

test('a rate is that of the window', (t) => {
  const rate = new Rate(10_000)
  t.is(rate.add(0, 0), 0)
  t.is(rate.add(5_000, 50), 10)
  t.is(rate.add(10_000, 100), 10)
  t.is(rate.add(20_000, 100), 0)
  t.is(rate.add(21_000, 111), 1)
})
