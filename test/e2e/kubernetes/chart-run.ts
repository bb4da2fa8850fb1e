/** The product as a user has it: installed by Helm from its images on a node with real pods, and a backend beside them. */
import { join } from 'node:path'
import { productImages, workloadImage } from '../../../tools/images/images.ts'
import { type Cluster, startCluster } from '../../cluster/cluster.ts'
import type { ReceivedLog } from '../../receiver/logs.ts'
import { NODE, REPOSITORY } from '../harness/agent.ts'
import { Owned } from '../harness/owned.ts'
import type { Ledger } from '../harness/receiver.ts'
import { until } from '../harness/until.ts'
import { BANK, SERVERS, SHOP, WORKLOADS } from './chart-workloads.ts'
import { apply } from './node.ts'

/** Where the chart is installed. */
export const NAMESPACE = 'accesslog'
const CHART = join(REPOSITORY, 'charts/accesslog-operator')
const BACKEND_PORT = 11_800
/** Of a single condition; a busy machine takes its time. */
export const WAIT_SECONDS = 60

export class Installation {
  readonly cluster: Cluster
  readonly #backend: Owned
  readonly #logs: ReceivedLog[]
  #ledger: Ledger | undefined

  private constructor(cluster: Cluster, backend: Owned, logs: ReceivedLog[]) {
    this.cluster = cluster
    this.#backend = backend
    this.#logs = logs
  }

  /** A node with servers, a client and a backend; the product is not there yet. */
  static async prepare(): Promise<Installation> {
    const images = await Promise.all([workloadImage(), productImages()])
    const cluster = await startCluster({ node: true, images })
    try {
      const logs: ReceivedLog[] = []
      const installation = new Installation(cluster, startBackend(cluster, logs), logs)
      await Promise.all([installation.#backendListens(), apply(cluster, ...WORKLOADS)])
      return installation
    } catch (error) {
      await cluster.stop()
      throw error
    }
  }

  /** The address of the backend, as pods reach it. */
  get backend(): string {
    return `${this.cluster.node?.address}:${BACKEND_PORT}`
  }

  /** The three commands of README, with images that are on the node. @param values further `--set` */
  async install(...values: readonly string[]): Promise<void> {
    const images = (['operator', 'agent'] as const).flatMap((part) => [
      `${part}.image.repository=localhost/accesslog-${part}`,
      `${part}.image.tag=test`,
      `${part}.image.pullPolicy=Never`,
    ])
    const set = [`backend.address=${this.backend}`, ...images, ...values].flatMap((value) => ['--set', value])
    await this.cluster.kubectl(['create', 'namespace', NAMESPACE])
    const label = 'pod-security.kubernetes.io/enforce=privileged'
    await this.cluster.kubectl(['label', 'namespace', NAMESPACE, label])
    await this.cluster.helm(['install', 'accesslog', CHART, '--namespace', NAMESPACE, ...set])
  }

  /** Resolves when operator, agents, servers and client run. */
  async running(): Promise<void> {
    const deadline = `--timeout=${WAIT_SECONDS}s`
    const rollout = (inNamespace: string, object: string) =>
      this.cluster.kubectl(['rollout', 'status', object, '--namespace', inNamespace, deadline])
    await Promise.all([
      rollout(NAMESPACE, 'deployment/accesslog-operator'),
      rollout(NAMESPACE, 'daemonset/accesslog-operator-agent'),
      ...SERVERS.map(({ namespace, name }) => rollout(namespace, `deployment/${name}`)),
      this.waitFor('condition=Ready', 'pod/client', '--namespace', SHOP),
    ])
  }

  /** Resolves when a condition holds, for the generation that is there. */
  async waitFor(condition: string, ...object: readonly string[]): Promise<void> {
    await this.cluster.kubectl(['wait', ...object, `--for=${condition}`, `--timeout=${WAIT_SECONDS}s`])
  }

  /** What a user sees, without the heading; runs of spaces are one. */
  async table(...words: readonly string[]): Promise<string[]> {
    const { stdout } = await this.cluster.kubectl(['get', ...words, '--no-headers'])
    const lines = stdout.split('\n').filter((line) => line !== '')
    return lines.map((line) => line.replace(/ +/g, ' ').trim())
  }

  /** NAME, ACTIVE, PRIORITY, NODES, READY of all policies. */
  async policies(): Promise<string[]> {
    return (await this.table('alp')).map((row) => row.replace(/ \S+$/, ''))
  }

  /** NAME, POLICY, STATE of all nodes, all of which have lost nothing. */
  async statuses(): Promise<string[]> {
    return (await this.table('als')).map((row) => row.replace(/ \d+ \d+ \d+ 0 \S+$/, ''))
  }

  /**
   * Asks nginx, Node (which asks Python) and the Python of the other namespace for a path, by cluster addresses.
   * @returns the logs, once the backend has as many of them
   */
  async ask(path: string, logs: number): Promise<string[]> {
    await this.#ask(path)
    await this.#received(path, logs)
    return this.logs(path)
  }

  async #ask(path: string): Promise<void> {
    const urls = [
      `http://ledger.${BANK}/${path}`,
      `http://web.${SHOP}/${path}`,
      `http://cart.${SHOP}/${path}`,
    ]
    const asked = urls.map((url) => `curl --silent --show-error --fail --max-time 10 ${url} && echo`)
    const shell = ['exec', 'client', '--namespace', SHOP, '--', 'sh', '-ec', asked.join('\n')]
    const { stdout } = await this.cluster.kubectl(shell)
    if (stdout !== 'stock\nweb\ncart and stock\n') throw new Error(`/${path} was answered: ${stdout}`)
  }

  /** HTTP logs of a path that the backend has accepted, as `side local remote`, sorted; names of pods without suffix. */
  logs(path: string): string[] {
    return this.#logs
      .filter(({ request }) => request?.path === `/${path}`)
      .map(described)
      .toSorted()
  }

  /** Resolves when the backend has this many logs of a path. @throws with those it has, and the agent's words */
  async #received(path: string, count: number): Promise<void> {
    try {
      const all = () => this.logs(path).length >= count
      await until(`${count} logs of /${path}`, all, WAIT_SECONDS * 1_000)
    } catch (error) {
      const agent = await this.agentLog()
      throw new Error(`${(error as Error).message}\n${this.logs(path).join('\n')}\n${agent}`, {
        cause: error,
      })
    }
  }

  /** Runs a command in the container of an object of the product. @returns its output */
  async runIn(object: string, ...command: readonly string[]): Promise<string> {
    const shell = ['exec', object, '--namespace', NAMESPACE, '--', ...command]
    return (await this.cluster.kubectl(shell)).stdout
  }

  async agentLog(): Promise<string> {
    const agent = ['daemonset/accesslog-operator-agent', '--namespace', NAMESPACE]
    return (await this.cluster.kubectl(['logs', ...agent])).stdout
  }

  /** Ends the backend. @returns what it accepted and rejected */
  async ledger(): Promise<Ledger> {
    if (this.#ledger) return this.#ledger
    await this.#backend.stop()
    this.#ledger = JSON.parse(this.#backend.lines.at(-1) ?? '') as Ledger
    return this.#ledger
  }

  async stop(): Promise<void> {
    await this.#backend.stop()
    await this.cluster.stop()
  }

  async #backendListens(): Promise<void> {
    const { node } = this.cluster
    await until('the backend', () => {
      if (this.#backend.gone) throw new Error(`the backend of ${node?.name} ended: ${this.#backend.stderr}`)
      return this.#backend.stderr.includes('listening on port')
    })
  }
}

/** In the node's network, where pods reach it. */
function startBackend(cluster: Cluster, logs: ReceivedLog[]): Owned {
  if (!cluster.node) throw new Error('the cluster has no node')
  const { enter, address } = cluster.node
  const [command = '', ...words] = enter
  const script = join(REPOSITORY, 'test/receiver/main.ts')
  const options = ['--host', address, '--port', String(BACKEND_PORT), '--output', 'json']
  const backend: Owned = new Owned(command, [...words, NODE, script, ...options], {
    onLine: (line) => {
      const log = JSON.parse(line) as ReceivedLog | { kind: 'summary' }
      if (log.kind === 'summary') backend.lines.push(line)
      else logs.push(log)
    },
  })
  return backend
}

/** For example `client demo::cart.shop/cart/node/node -> demo::stock.shop//:80`. */
function described({ role, local, remote }: ReceivedLog): string {
  return `${role} ${named(local)} -> ${named(remote)}`
}

function named({ service, pod = '', container, process, address }: ReceivedLog['local']): string {
  if (service === undefined) return address ?? ''
  // A Deployment's pods are NAME-HASH-SUFFIX.
  return [service, pod.replace(/-[0-9a-f]{6,10}-[0-9a-z]{5}$/, ''), container, process].join('/')
}
