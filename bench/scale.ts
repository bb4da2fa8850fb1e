/**
 * The operator in a large cluster: memory, start, how fast an edit reaches every agent, and what it writes.
 *   node bench/scale.ts [--nodes 5000] [--pods 150000] [--edits 5] [--steady-seconds 60] [--write]
 * The API server is real; nodes and pods are objects in its etcd, agents are simulated with the watches and heartbeats
 * of real ones. Run `npm run build` first: the operator is measured as it is shipped.
 */
import { writeFile } from 'node:fs/promises'
import type { RequestOptions } from 'node:https'
import { cpus, totalmem } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { ApiServer } from '../operator/gather/api-server.ts'
import { PooledKubeConfig } from '../operator/gather/kubeconfig.ts'
import { type Cluster, startCluster } from '../test/cluster/cluster.ts'
import { Owned } from '../test/e2e/harness/owned.ts'
import { until } from '../test/e2e/harness/until.ts'
import { type SimulatedAgent, startAgents } from './scale/agents.ts'
import { etcdUrl, nodeName, putObjects } from './scale/objects.ts'
import { cpuSeconds, memoryOf, metricsOf, writesIn } from './scale/sample.ts'

const ROOT = join(import.meta.dirname, '..')
const OPERATOR = join(ROOT, 'build/js/operator/main.js')
const RESULT = join(ROOT, 'bench/results/scale.json')
/** As in operator/Dockerfile. */
const IMAGE_ENV = { NODE_ENV: 'production', MALLOC_ARENA_MAX: '1' }
const HEARTBEAT_SECONDS = 300
const DEADLINE_MS = 600_000
const POLL_MS = 100
/** CPU of the control plane below which it is idle, over so long. */
const IDLE_SHARE = 0.2
const IDLE_MS = 3_000
const NAMESPACE = 'accesslog-system'

const { values } = parseArgs({
  options: {
    nodes: { type: 'string', default: '5000' },
    pods: { type: 'string', default: '150000' },
    edits: { type: 'string', default: '5' },
    'steady-seconds': { type: 'string', default: '60' },
    write: { type: 'boolean', default: false },
  },
})
const nodes = Number(values.nodes)
const pods = Number(values.pods)
const result: Record<string, unknown> = {
  bench: 'scale',
  machine: { cpu: cpus()[0]?.model, cores: cpus().length, memoryBytes: totalmem(), node: process.version },
  nodes,
  pods,
}

function say(what: string, figures: Record<string, unknown>): void {
  result[what] = figures
  console.log(what, JSON.stringify(figures))
}

async function main(): Promise<void> {
  const cluster = await startCluster()
  try {
    await prepare(cluster)
    await measure(cluster)
    if (values.write) await writeFile(RESULT, `${JSON.stringify(result, null, 2)}\n`)
  } finally {
    await cluster.stop()
  }
}

async function prepare(cluster: Cluster): Promise<void> {
  const files = ['policy', 'config', 'status'].flatMap((name) => [
    '-f',
    join(ROOT, `crds/accesslog${name}.yaml`),
  ])
  await cluster.kubectl(['apply', ...files])
  await cluster.kubectl(['wait', '--for=condition=Established', 'crd', '--all'])
  await cluster.kubectl(['create', 'namespace', NAMESPACE])
  await policy(cluster, 2000)
  const { id } = cluster.etcd
  if (id === undefined) throw new Error('etcd does not run')
  await putObjects(etcdUrl(id.pid), { nodes, pods })
  console.log('objects are in etcd')
  await settled([id.pid, cluster.apiServer.id?.pid ?? 0])
}

/** The API server takes in what was put behind its back, which no cluster makes it do at once. */
async function settled(pids: readonly number[]): Promise<void> {
  const spent = () => pids.reduce((sum, pid) => sum + cpuSeconds(pid), 0)
  const isIdle = async () => {
    const before = spent()
    await delay(IDLE_MS)
    return spent() - before < (IDLE_SHARE * IDLE_MS) / 1000
  }
  await until('the API server is idle', isIdle, DEADLINE_MS)
}

async function policy(cluster: Cluster, maxCount: number): Promise<void> {
  const object = {
    apiVersion: 'accesslog.dev/v1alpha1',
    kind: 'AccessLogPolicy',
    metadata: { name: 'default' },
    spec: { flush: { maxCount } },
  }
  await cluster.kubectl(['apply', '-f', '-'], JSON.stringify(object))
}

async function measure(cluster: Cluster): Promise<void> {
  const first = await startOperator(cluster)
  say('firstStart', await untilAssigned(first))
  say('firstStartMemory', { ...memoryOf(first.process.pid) })
  await first.process.stop()

  const operator = await startOperator(cluster)
  say('start', await untilPlanned(operator))
  say('startMemory', { ...memoryOf(operator.process.pid) })
  const nodeNames = Array.from({ length: nodes }, (_, index) => nodeName(index))
  const { agents, stop } = await startAgents(nodeNames, await credentials(cluster))
  await until('all agents have a config', () => agents.every(({ hash }) => hash !== undefined), DEADLINE_MS)
  console.log('agents watch')
  await reportAll(agents)
  say('edits', await editRounds(cluster, operator, agents))
  say('steady', await steady(operator, agents))
  say('memory', { ...memoryOf(operator.process.pid) })
  stop()
  await operator.process.stop()
}

interface Running {
  process: Owned
  startMs: number
  healthUrl: string
}

async function startOperator(cluster: Cluster): Promise<Running> {
  const env = {
    ...process.env,
    ...IMAGE_ENV,
    KUBECONFIG: cluster.kubeconfig,
    POD_NAME: 'operator',
    POD_NAMESPACE: NAMESPACE,
    ACCESSLOG_BACKEND: '{"address":"oap.skywalking:11800"}',
    ACCESSLOG_CLUSTER_NAME: 'east',
  }
  const startMs = performance.now()
  const args = [OPERATOR, '--health-port', '0', '--addresses-port', '0']
  const owned = new Owned(process.execPath, args, { env })
  const port = await until('the operator starts', () => {
    if (owned.gone) throw new Error(owned.stderr)
    return /"healthPort":(\d+)/.exec(owned.stderr)?.[1]
  })
  return { process: owned, startMs, healthUrl: `http://127.0.0.1:${port}` }
}

/** Of an operator that finds nothing done yet: assignments and the directory progress side by side. */
async function untilAssigned(operator: Running): Promise<Record<string, number>> {
  const [planned, allNodesAssignedMs] = await Promise.all([untilPlanned(operator), allAssigned(operator)])
  return { ...planned, allNodesAssignedMs }
}

async function allAssigned({ healthUrl, startMs }: Running): Promise<number> {
  const isAssigned = async () => {
    const metrics = await metricsOf(healthUrl)
    const isIdle = metrics.get('accesslog_operator_queue_depth{kind="node"}') === 0
    return isIdle && metrics.get('accesslog_operator_objects{resource="statuses"}') === nodes
  }
  await eventually('every node is assigned', isAssigned)
  return Math.round(performance.now() - startMs)
}

/** Looks seldom: the metrics come from the process that is measured. */
async function eventually(what: string, probe: () => Promise<boolean>): Promise<void> {
  await until(what, async () => (await probe()) || (await delay(POLL_MS, false)), DEADLINE_MS)
}

async function untilPlanned({ healthUrl, startMs }: Running): Promise<Record<string, number>> {
  const isPlanned = async () =>
    ((await metricsOf(healthUrl)).get('accesslog_operator_reconcile_seconds_count{kind="plan"}') ?? 0) > 0
  await eventually('the first plan is in force', isPlanned)
  const firstReconcileMs = Math.round(performance.now() - startMs)
  const isRead = async () => (await fetch(`${healthUrl}/readyz`)).ok
  await eventually('everything is read', isRead)
  return { firstReconcileMs, directoryReadMs: Math.round(performance.now() - startMs) }
}

async function credentials(cluster: Cluster) {
  const config = new PooledKubeConfig()
  config.loadFromFile(cluster.kubeconfig)
  const options: RequestOptions = {}
  await config.applyToHTTPSOptions(options)
  return { server: cluster.url, ca: options.ca, cert: options.cert, key: options.key }
}

/** As agents do after a change, spread. */
async function reportAll(agents: readonly SimulatedAgent[]): Promise<void> {
  for (const agent of agents) {
    void agent.report(new Date())
    await delay(8)
  }
}

async function editRounds(cluster: Cluster, operator: Running, agents: readonly SimulatedAgent[]) {
  const rounds: Record<string, number>[] = []
  const config = new PooledKubeConfig()
  config.loadFromFile(cluster.kubeconfig)
  const api = new ApiServer(config)
  await edit(api, 2999) // the first request makes the connection
  await delay(6_000)
  for (let round = 0; round < Number(values.edits); round++) {
    const before = await metricsOf(operator.healthUrl)
    const old = agents[0]?.hash
    const editedMs = performance.now()
    await edit(api, 3000 + round)
    await until(
      'every agent has applied the edit',
      () => agents.every(({ hash }) => hash !== old),
      DEADLINE_MS,
    )
    const waits = agents
      .map(({ appliedMs }) => Math.max(0, appliedMs - editedMs))
      .sort((one, other) => one - other)
    const writes = writesIn(await metricsOf(operator.healthUrl)) - writesIn(before)
    const at = (part: number) => Math.round(waits[Math.floor((waits.length - 1) * part)] ?? 0)
    rounds.push({ firstAgentMs: at(0), medianAgentMs: at(0.5), lastAgentMs: at(1), operatorWrites: writes })
    await delay(6_000)
  }
  await config.destroy()
  return { sinceEditWasSent: rounds }
}

async function edit(api: ApiServer, maxCount: number): Promise<void> {
  await api.json({
    method: 'PATCH',
    path: '/apis/accesslog.dev/v1alpha1/accesslogpolicies/default',
    contentType: 'application/merge-patch+json',
    body: { spec: { flush: { maxCount } } },
  })
}

async function steady(operator: Running, agents: readonly SimulatedAgent[]) {
  const seconds = Number(values['steady-seconds'])
  const before = writesIn(await metricsOf(operator.healthUrl))
  const cpuBefore = cpuSeconds(operator.process.pid)
  const beats = Math.round((agents.length / HEARTBEAT_SECONDS) * seconds)
  for (let beat = 0; beat < beats; beat++) {
    void agents[beat % agents.length]?.report(new Date())
    await delay((seconds * 1000) / beats)
  }
  const writes = writesIn(await metricsOf(operator.healthUrl)) - before
  const cpu = cpuSeconds(operator.process.pid) - cpuBefore
  return {
    heartbeatsPerSecond: beats / seconds,
    operatorWritesPerSecond: writes / seconds,
    operatorCpuShare: cpu / seconds,
  }
}

await main()
