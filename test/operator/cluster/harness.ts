/** A real API server with the CRDs, and operators as processes that act as the chart's service account. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ACCESS_LOG_CONFIG, type AccessLogConfig } from '../../../crds/gen/accesslogconfig.ts'
import { ACCESS_LOG_POLICY, type AccessLogPolicy } from '../../../crds/gen/accesslogpolicy.ts'
import { ACCESS_LOG_STATUS, type AccessLogStatus } from '../../../crds/gen/accesslogstatus.ts'
import { ApiError } from '../../../operator/gather/api-error.ts'
import { ApiServer } from '../../../operator/gather/api-server.ts'
import { PooledKubeConfig } from '../../../operator/gather/kubeconfig.ts'
import { collectionPath } from '../../../operator/gather/observed.ts'
import { type Cluster, startCluster } from '../../cluster/cluster.ts'
import { Owned } from '../../e2e/harness/owned.ts'
import { until } from '../../e2e/harness/until.ts'
import { FaultProxy } from './fault-proxy.ts'

export const NAMESPACE = 'accesslog-system'
export const BACKEND = 'oap.skywalking:11800'
const RELEASE = 'accesslog-operator'
const CHART = join(import.meta.dirname, '../../../charts/accesslog-operator')
const SKEWED_CLOCK = join(import.meta.dirname, 'skewed-clock.ts')
const MAIN = join(import.meta.dirname, '../../../operator/main.ts')
const CRDS = ['accesslogpolicy', 'accesslogconfig', 'accesslogstatus']

/** Secrets that the operator's role may read. */
export const SECRETS = ['oap-ca', 'oap-token']

export interface OperatorProcess {
  process: Owned
  proxy: FaultProxy
  healthUrl: string
  addressesUrl: string
}

export interface OperatorSettings {
  /** How much its clock of the day is ahead of everybody else's. */
  clockOffsetMs?: number
  /** From its first request on. */
  fault?: FaultProxy['fault']
}

export class Harness {
  readonly cluster: Cluster
  /** As cluster-admin, past any proxy. */
  readonly api: ApiServer
  readonly #kubeConfig: PooledKubeConfig
  readonly #folder: string
  readonly #operators: OperatorProcess[] = []

  private constructor(cluster: Cluster, kubeConfig: PooledKubeConfig, folder: string) {
    this.cluster = cluster
    this.#kubeConfig = kubeConfig
    this.api = new ApiServer(kubeConfig)
    this.#folder = folder
  }

  static async start(): Promise<Harness> {
    const cluster = await startCluster()
    const kubeConfig = new PooledKubeConfig()
    kubeConfig.loadFromFile(cluster.kubeconfig)
    const harness = new Harness(cluster, kubeConfig, await mkdtemp(join(tmpdir(), 'operator-test-')))
    await harness.#install()
    return harness
  }

  async stop(): Promise<void> {
    for (const { process, proxy } of this.#operators) {
      await process.stop('SIGKILL')
      proxy.stop()
    }
    await this.#kubeConfig.destroy()
    await this.cluster.stop()
    await rm(this.#folder, { recursive: true, force: true })
  }

  /** An operator behind a proxy of its own; returns once it serves health. */
  async operator(
    name: string,
    { clockOffsetMs = 0, fault }: OperatorSettings = {},
  ): Promise<OperatorProcess> {
    const proxy = await FaultProxy.start(this.cluster.url, this.cluster.authorityFile)
    if (fault) proxy.fault = fault
    const kubeconfig = await this.kubeconfigFor(name, proxy.url)
    const env = {
      ...process.env,
      KUBECONFIG: kubeconfig,
      POD_NAME: name,
      POD_NAMESPACE: NAMESPACE,
      ACCESSLOG_AGENT_SERVICE_ACCOUNT: await this.#serviceAccount('agent'),
      ACCESSLOG_BACKEND: JSON.stringify({ address: BACKEND }),
      CLOCK_OFFSET_MS: String(clockOffsetMs),
    }
    const ports = ['--health-port', '0', '--addresses-port', '0']
    const clock = clockOffsetMs === 0 ? [] : ['--import', SKEWED_CLOCK]
    const owned = new Owned(process.execPath, [...clock, MAIN, ...ports], { env })
    const line = await until(`${name} starts`, () => startLine(owned), 20_000)
    const [healthPort, addressesPort] = line
    const operator = {
      process: owned,
      proxy,
      healthUrl: `http://127.0.0.1:${healthPort}`,
      addressesUrl: `http://127.0.0.1:${addressesPort}`,
    }
    this.#operators.push(operator)
    return operator
  }

  async apply(object: object): Promise<void> {
    await this.cluster.kubectl(['apply', '-f', '-'], JSON.stringify(object))
  }

  async remove(kind: string, name: string): Promise<void> {
    await this.cluster.kubectl(['delete', kind, name, '--wait=false'])
  }

  policy(name: string, spec: object = {}): Promise<void> {
    const { apiVersion, kind } = ACCESS_LOG_POLICY
    return this.apply({ apiVersion, kind, metadata: { name }, spec })
  }

  node(name: string, labels: Record<string, string> = {}): Promise<void> {
    return this.apply({ apiVersion: 'v1', kind: 'Node', metadata: { name, labels } })
  }

  getPolicy = (name: string) => this.#get<AccessLogPolicy>(ACCESS_LOG_POLICY, name)
  getConfig = (name: string) => this.#get<AccessLogConfig>(ACCESS_LOG_CONFIG, name)
  getStatus = (name: string) => this.#get<AccessLogStatus>(ACCESS_LOG_STATUS, name)

  /** Waits until the node is told to apply that policy's config; undefined: none. */
  assigned(node: string, policy: string | undefined, deadlineMs = 10_000): Promise<unknown> {
    const what = `${node} is assigned to ${policy ?? 'nothing'}`
    const probe = async () => {
      const status = await this.getStatus(node)
      return status !== undefined && status.spec.configRef?.name === policy
    }
    return until(what, probe, deadlineMs)
  }

  /** Waits for `<status> <reason>` of a policy's condition; returns its message. */
  condition(policy: string, type: string, expected: string, deadlineMs = 10_000): Promise<string> {
    return until(
      `${policy}: ${type}=${expected}`,
      async () => {
        const conditions = (await this.getPolicy(policy))?.status?.conditions ?? []
        const found = conditions.find((condition) => condition.type === type)
        return found && `${found.status} ${found.reason}` === expected ? found.message : undefined
      },
      deadlineMs,
    )
  }

  /** As the agent of the node would: applied by its field manager. */
  async report(node: string, status: object): Promise<void> {
    const { apiVersion, kind } = ACCESS_LOG_STATUS
    await this.api.json({
      method: 'PATCH',
      path: `${collectionPath(ACCESS_LOG_STATUS)}/${node}/status`,
      query: { fieldManager: 'accesslog-agent', force: 'true' },
      contentType: 'application/apply-patch+yaml',
      body: { apiVersion, kind, metadata: { name: node }, status },
    })
  }

  /** A token of the chart's service account for that role. @param audience default: the API server */
  async token(role: 'agent' | 'operator', audience?: string): Promise<string> {
    const words = audience === undefined ? [] : ['--audience', audience]
    const account = await this.#serviceAccount(role)
    return (await this.cluster.kubectl(['-n', NAMESPACE, 'create', 'token', account, ...words])).stdout.trim()
  }

  async #serviceAccount(role: 'agent' | 'operator'): Promise<string> {
    const { stdout } = await this.cluster.kubectl(['-n', NAMESPACE, 'get', 'serviceaccounts', '-o', 'name'])
    const found = stdout.split('\n').find((line) => line.endsWith(role))
    if (found === undefined) throw new Error(`the chart makes no service account for ${role}: ${stdout}`)
    return found.replace('serviceaccount/', '')
  }

  async #get<T>(crd: { apiVersion: string; plural: string }, name: string): Promise<T | undefined> {
    try {
      return await this.api.json<T>({ path: `${collectionPath(crd)}/${name}` })
    } catch (error) {
      if (error instanceof ApiError && error.status === 404) return undefined
      throw error
    }
  }

  async #install(): Promise<void> {
    const files = CRDS.flatMap((name) => ['-f', join(import.meta.dirname, `../../../crds/${name}.yaml`)])
    await this.cluster.kubectl(['apply', ...files])
    await this.cluster.kubectl(['wait', '--for=condition=Established', 'crd', '--all'])
    await this.cluster.kubectl(['create', 'namespace', NAMESPACE])
    const shown = ['operator-rbac', 'serviceaccounts'].flatMap((name) => ['-s', `templates/${name}.yaml`])
    const values = ['--set-json', `backend.secrets=${JSON.stringify(SECRETS)}`]
    const { stdout } = await this.cluster.helm([
      'template',
      RELEASE,
      CHART,
      '-n',
      NAMESPACE,
      ...shown,
      ...values,
    ])
    await this.cluster.kubectl(['apply', '-f', '-'], stdout)
  }

  /** A file by which one acts as the operator's service account. */
  async kubeconfigFor(name: string, server = this.cluster.url): Promise<string> {
    const token = await this.token('operator')
    const path = join(this.#folder, `${name}.kubeconfig`)
    const config = {
      apiVersion: 'v1',
      kind: 'Config',
      'current-context': 'test',
      clusters: [{ name: 'test', cluster: { server, 'insecure-skip-tls-verify': true } }],
      users: [{ name: 'test', user: { token } }],
      contexts: [{ name: 'test', context: { cluster: 'test', user: 'test' } }],
    }
    await writeFile(path, JSON.stringify(config), { mode: 0o600 })
    return path
  }
}

/** Ports of health and addresses, once the operator has told them. @throws when it has ended */
function startLine(owned: Owned): [number, number] | undefined {
  if (owned.gone) throw new Error(`the operator ended: ${owned.stderr}`)
  for (const line of owned.stderr.split('\n')) {
    if (!line.includes('"the operator starts"')) continue
    const { healthPort, addressesPort } = JSON.parse(line) as { healthPort: number; addressesPort: number }
    return [healthPort, addressesPort]
  }
  return undefined
}
