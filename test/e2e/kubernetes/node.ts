/** A node on a real API server: its pods are objects that the test writes, its processes are real. */
import { join } from 'node:path'
import type { ExecutionContext } from 'ava'
import type { AccessLogStatusStatus } from '../../../crds/gen/accesslogstatus.ts'
import { type Cluster, startCluster } from '../../cluster/cluster.ts'
import { AGENT, NODE, REPOSITORY, withoutSettings, type Log } from '../harness/agent.ts'
import { temporaryFolder } from '../../agent/workloads/tree.ts'
import { Owned } from '../harness/owned.ts'
import { freePort } from '../harness/ports.ts'
import { until } from '../harness/until.ts'
import { runIn } from './containers.ts'
import { assignment, containerId, defaultAccount, namespace, pod, type PodShape, running } from './objects.ts'

export const CLUSTER_DEADLINE_MS = 180_000
const READY_DEADLINE_MS = 30_000

/** A cluster that knows the project's kinds and has these namespaces. */
export async function clusterWith(...namespaces: readonly string[]): Promise<Cluster> {
  const cluster = await startCluster()
  await cluster.kubectl(['apply', '-f', join(REPOSITORY, 'crds')])
  await cluster.kubectl(['wait', '--for=condition=Established', 'crd', '--all', '--timeout=30s'])
  await apply(cluster, ...namespaces.map(namespace))
  // What a controller-manager would do; the API server refuses pods without it.
  await apply(cluster, ...[...namespaces, 'kube-system'].map(defaultAccount))
  return cluster
}

export async function apply(cluster: Cluster, ...objects: readonly object[]): Promise<void> {
  const list = { apiVersion: 'v1', kind: 'List', items: objects }
  await cluster.kubectl(['apply', '--server-side', '--force-conflicts', '-f', '-'], JSON.stringify(list))
}

/** A pod and its process, a web server in the pod's cgroup. */
export interface RunningPod {
  uid: string
  containerId: string
  port: number
  server: Owned
}

/** Creates the pod, as a scheduler would. @returns its uid */
export async function createPod(cluster: Cluster, shape: PodShape): Promise<string> {
  const { stdout } = await cluster.kubectl(
    ['create', '-f', '-', '-o', 'jsonpath={.metadata.uid}'],
    JSON.stringify(pod(shape)),
  )
  return stdout
}

/** Reports a container as running, as a kubelet would. */
export async function reportRunning(
  cluster: Cluster,
  { namespace: ns, name, containers }: PodShape,
  id: string,
  ip = '',
) {
  const status = running({ [containers?.[0] ?? 'app']: id }, ip || '10.99.0.9', '127.0.0.1')
  await cluster.kubectl([
    'patch',
    'pod',
    '-n',
    ns,
    name,
    '--subresource=status',
    '--type=merge',
    '-p',
    JSON.stringify(status),
  ])
}

/** Creates a pod with a web server in its cgroup, and reports it. */
export async function startPod(
  t: ExecutionContext,
  cluster: Cluster,
  shape: PodShape,
  pathOf: (uid: string, id: string) => string = cgroupfsPath,
): Promise<RunningPod> {
  const uid = await createPod(cluster, shape)
  const id = containerId()
  const port = await freePort()
  const server = runServer(t, pathOf(uid, id), port)
  await server.listening(port)
  await reportRunning(cluster, shape, id)
  return { uid, containerId: id, port, server }
}

export function cgroupfsPath(uid: string, id: string): string {
  return `/kubepods/burstable/pod${uid}/${id}`
}

export function runServer(t: ExecutionContext, cgroup: string, port: number): Owned {
  return runIn(t, cgroup, 'python3', ['-u', '-m', 'http.server', '--bind', '127.0.0.1', String(port)], {
    cwd: temporaryFolder(t),
  })
}

export class NodeAgentRun {
  readonly logs: Log[] = []
  readonly process: Owned
  readonly healthPort: number
  readonly #cluster: Cluster
  readonly #node: string

  private constructor(cluster: Cluster, node: string, healthPort: number, env: NodeJS.ProcessEnv) {
    this.#cluster = cluster
    this.#node = node
    this.healthPort = healthPort
    const args = ['run', '--kubernetes', '--kubeconfig', cluster.kubeconfig, '--output', 'json']
    this.process = new Owned(NODE, [AGENT, ...args], {
      env: {
        ...withoutSettings(process.env),
        NODE_NAME: node,
        ACCESSLOG_HEALTH_ADDRESS: `127.0.0.1:${healthPort}`,
        ...env,
      },
      cwd: REPOSITORY,
      onLine: (line) => this.logs.push(JSON.parse(line) as Log),
    })
  }

  /** Starts an agent for a node and waits until it is ready. */
  static async start(t: ExecutionContext, cluster: Cluster, node: string, env: NodeJS.ProcessEnv = {}) {
    const agent = new NodeAgentRun(cluster, node, await freePort(), env)
    t.teardown(() => agent.process.stop())
    await agent.until('ready', async () => (await agent.get('/readyz')).status === 200)
    return agent
  }

  /** HTTP logs of a server, or those of all. */
  http(port?: number): Log[] {
    return this.logs.filter(
      ({ kind, role, local }) =>
        kind === 'http' && role === 'server' && (port === undefined || local.port === port),
    )
  }

  async get(path: string): Promise<{ status: number; text: string }> {
    try {
      const answer = await fetch(`http://127.0.0.1:${this.healthPort}${path}`)
      return { status: answer.status, text: await answer.text() }
    } catch {
      return { status: 0, text: '' } // not listening yet
    }
  }

  async status(): Promise<AccessLogStatusStatus> {
    const { stdout } = await this.#cluster.kubectl(['get', 'als', this.#node, '-o', 'jsonpath={.status}'])
    return stdout === '' ? {} : (JSON.parse(stdout) as AccessLogStatusStatus)
  }

  /** Assigns a config, as the operator would. @param name undefined: none */
  async assign(name: string | undefined): Promise<void> {
    if (name !== undefined) return apply(this.#cluster, assignment(this.#node, name))
    const none = JSON.stringify({ spec: { configRef: null } })
    await this.#cluster.kubectl(['patch', 'als', this.#node, '--type=merge', '-p', none])
  }

  /** Resolves when the metrics say that this config is in force; empty: none. */
  async inForce(hash: string): Promise<void> {
    await this.until(`config ${hash.slice(0, 8)} in force`, async () =>
      (await this.get('/metrics')).text.includes(`config_hash="${hash}"`),
    )
  }

  /** @throws with the agent's words when it ends before, or at the deadline */
  async until(what: string, probe: () => boolean | Promise<boolean>, deadlineMs = READY_DEADLINE_MS) {
    try {
      await until(
        what,
        () => {
          const { gone } = this.process
          if (gone) throw new Error(`the agent ended: ${JSON.stringify(gone)}`)
          return probe()
        },
        deadlineMs,
      )
    } catch (error) {
      throw new Error(`${(error as Error).message}\n${this.process.stderr}`, { cause: error })
    }
  }
}

/** Requests one after the other. @returns how many were answered */
export async function requests(port: number, count: number, path = '/'): Promise<number> {
  let answered = 0
  for (let i = 0; i < count; i++) {
    const answer = await fetch(`http://127.0.0.1:${port}${path}`, { headers: { connection: 'close' } })
    await answer.arrayBuffer()
    answered += 1
  }
  return answered
}
