/** What the operator is told by its command line and environment. All problems are found at once. */
import { hostname } from 'node:os'
import { parseArgs } from 'node:util'
import type { AccessLogConfigBackend } from '../crds/gen/accesslogconfig.ts'
import type { AccessLogPolicyBackend } from '../crds/gen/accesslogpolicy.ts'
import { ADDRESSES_PORT } from '../crds/naming/addresses.ts'
import type { LeaseTimes } from './apply/leader-election.ts'
import type { BucketLimits } from './apply/token-bucket.ts'
import { OperatorError } from './errors.ts'
import { LOG_LEVELS, type LogLevel } from './log.ts'
import type { InstallDefaults } from './plan/render.ts'
import { durationMs } from './plan/units.ts'

export interface OperatorOptions {
  /** Where the operator runs: of its Lease, and of the Secrets that policies may name. */
  namespace: string
  pod: string
  /** Of this process, never used by another. */
  identity: string
  agentUser: string
  defaults: InstallDefaults
  lease: LeaseTimes & { name: string }
  nodeWrites: BucketLimits
  healthPort: number
  addressesPort: number
  logLevel: LogLevel
}

interface Option {
  default: string
  description: string
  /** Default: ACCESSLOG_ and the name in capitals. */
  env?: string
  /** What a value must be, and whether this one is. */
  check: readonly [allowed: string, isAllowed: (value: string) => boolean]
}

const text = ['any text', () => true] as const
const name = [
  'a name of Kubernetes',
  (value: string) => /^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/.test(value),
] as const
const backendJson = [
  'empty, or JSON such as {"address": "HOST:PORT"}, as spec.backend of a policy',
  (value: string) => value === '' || parseBackend(value) !== undefined,
] as const
const port = [
  'a port from 0 to 65535',
  (value: string) => /^\d{1,5}$/.test(value) && Number(value) < 65_536,
] as const
const duration = ['a duration such as 500ms or 15s', (value: string) => durationMs(value) > 0] as const
const count = [
  'an integer from 1 to 100000',
  (value: string) => /^[1-9]\d{0,4}$|^100000$/.test(value),
] as const
const level = [LOG_LEVELS.join(', '), (value: string) => LOG_LEVELS.some((one) => one === value)] as const

export const OPTIONS = {
  namespace: { env: 'POD_NAMESPACE', default: '', description: 'namespace of the operator', check: name },
  'pod-name': { env: 'POD_NAME', default: hostname(), description: 'name of this pod', check: text },
  'cluster-name': { default: '', description: 'put before service names as NAME::', check: text },
  'agent-service-account': {
    default: 'accesslog-agent',
    description: 'service account of the agents, in the same namespace',
    check: name,
  },
  backend: {
    default: '',
    description: 'for policies that name no backend of their own: JSON, as their spec.backend',
    check: backendJson,
  },
  'lease-name': {
    default: 'accesslog-operator',
    description: 'Lease by which replicas agree who leads',
    check: name,
  },
  'lease-duration': {
    default: '15s',
    description: 'a leader that is silent for so long is replaced',
    check: duration,
  },
  'lease-renew-deadline': {
    default: '10s',
    description: 'a leader that cannot renew for so long stops',
    check: duration,
  },
  'lease-retry-period': {
    default: '2s',
    description: 'between attempts to renew or to acquire',
    check: duration,
  },
  'node-writes-per-second': {
    default: '15',
    description: 'assignments written in the long run',
    check: count,
  },
  'node-writes-burst': { default: '5000', description: 'assignments written at once', check: count },
  'health-port': { default: '8080', description: '/livez, /readyz and /metrics', check: port },
  'addresses-port': {
    default: String(ADDRESSES_PORT),
    description: 'where agents ask whose an address is',
    check: port,
  },
  'log-level': { default: 'info', description: LOG_LEVELS.join(', '), check: level },
} as const satisfies Record<string, Option>

type Name = keyof typeof OPTIONS
type Texts = Readonly<Record<Name, string>>

/** @param unique makes the identity of this process unique, for example a random UUID @throws {OperatorError} */
export function readOptions(
  args: readonly string[],
  env: NodeJS.ProcessEnv,
  unique: string,
): OperatorOptions {
  const texts = textsOf(args, env)
  const problems = [...valueProblems(texts), ...relationProblems(texts)]
  if (problems.length > 0) throw optionsError(problems)
  const backend = parseBackend(texts.backend)
  return {
    namespace: texts.namespace,
    pod: texts['pod-name'],
    identity: `${texts['pod-name']}_${unique}`,
    agentUser: `system:serviceaccount:${texts.namespace}:${texts['agent-service-account']}`,
    defaults: { clusterName: texts['cluster-name'], backend },
    lease: { name: texts['lease-name'], ...leaseTimes(texts) },
    nodeWrites: {
      perSecond: Number(texts['node-writes-per-second']),
      burst: Number(texts['node-writes-burst']),
    },
    healthPort: Number(texts['health-port']),
    addressesPort: Number(texts['addresses-port']),
    logLevel: texts['log-level'] as LogLevel,
  }
}

/** One line for each option. */
export function usage(): string {
  const lines = Object.entries(OPTIONS).map(([name, option]: [string, Option]) => {
    const default_ = option.default === '' ? '' : ` (default ${option.default})`
    return `  --${name.padEnd(30)}${envOf(name, option).padEnd(40)}${option.description}${default_}`
  })
  return ['accesslog-operator [options]', '', ...lines, ''].join('\n')
}

function textsOf(args: readonly string[], env: NodeJS.ProcessEnv): Texts {
  const options = Object.fromEntries(Object.keys(OPTIONS).map((name) => [name, { type: 'string' } as const]))
  let values: Record<string, string | undefined>
  try {
    values = parseArgs({ args: [...args], options }).values as typeof values
  } catch (error) {
    throw optionsError([(error as Error).message])
  }
  const entries = Object.entries(OPTIONS).map(([name, option]: [string, Option]) => {
    return [name, values[name] ?? env[envOf(name, option)] ?? option.default]
  })
  return Object.fromEntries(entries) as Texts
}

function valueProblems(texts: Texts): string[] {
  return Object.entries(OPTIONS).flatMap(([name, option]: [string, Option]) => {
    const [allowed, isAllowed] = option.check
    const value = texts[name as Name]
    if (isAllowed(value)) return []
    return [`--${name} (${envOf(name, option)}) is ${JSON.stringify(value)} but must be ${allowed}`]
  })
}

function relationProblems(texts: Texts): string[] {
  const { leaseDurationMs, renewDeadlineMs, retryPeriodMs } = leaseTimes(texts)
  const isOrdered = leaseDurationMs > renewDeadlineMs && renewDeadlineMs > retryPeriodMs * 1.2
  return [
    ...(isOrdered
      ? []
      : [
          '--lease-duration must exceed --lease-renew-deadline, which must exceed 1.2 times --lease-retry-period',
        ]),
  ]
}

function leaseTimes(texts: Texts): LeaseTimes {
  return {
    leaseDurationMs: durationMs(texts['lease-duration']),
    renewDeadlineMs: durationMs(texts['lease-renew-deadline']),
    retryPeriodMs: durationMs(texts['lease-retry-period']),
  }
}

/** As the API server would default it: the chart writes what a user would. */
function parseBackend(json: string): AccessLogConfigBackend | undefined {
  try {
    const { address, tls, authentication } = JSON.parse(json) as DeepPartial<AccessLogPolicyBackend>
    if (typeof address !== 'string' || !/^.+:[1-9]\d{0,4}$/.test(address)) return undefined
    const { caSecretRef: ca, clientSecretRef: client, insecureSkipVerify = false } = tls ?? {}
    const token = authentication?.secretRef
    if ((ca && !ca.name) || (client && !client.name) || (authentication && !token?.name)) return undefined
    return {
      address,
      ...(tls && {
        tls: {
          ...(ca?.name && { ca: { secret: ca.name, key: ca.key ?? 'ca.crt' } }),
          ...(client?.name && { client: { secret: client.name } }),
          insecureSkipVerify,
        },
      }),
      ...(token?.name && { authentication: { secret: token.name, key: token.key ?? 'token' } }),
    }
  } catch {
    return undefined // no JSON: refused with what is allowed
  }
}

type DeepPartial<T> = { [K in keyof T]?: DeepPartial<T[K]> }

function envOf(name: string, { env }: Option): string {
  return env ?? `ACCESSLOG_${name.replaceAll('-', '_').toUpperCase()}`
}

function optionsError(problems: readonly string[]): OperatorError {
  const count = problems.length === 1 ? '1 problem' : `${problems.length} problems`
  return new OperatorError('OPERATOR_OPTIONS', { count, problems: problems.join('; ') })
}
