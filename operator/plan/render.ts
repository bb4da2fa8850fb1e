/** A policy as agents apply it: defaulted, in canonical units, the same bytes for the same meaning. Pure. */
import { createHash } from 'node:crypto'
import type { AccessLogConfigBackend, AccessLogConfigSpec } from '../../crds/gen/accesslogconfig.ts'
import type { AccessLogPolicyBackend, AccessLogPolicySpec } from '../../crds/gen/accesslogpolicy.ts'
import { durationMs, sizeBytes } from './units.ts'

/** All of the config but the policy it comes from and the hash. */
export type ConfigContent = Omit<AccessLogConfigSpec, 'hash' | 'policy'>

/** What the chart was installed with. */
export interface InstallDefaults {
  /** Prefixes service names; empty: no prefix. */
  clusterName: string
  /** For policies that name no backend of their own; undefined: there is none. */
  backend: AccessLogConfigBackend | undefined
}

/** @returns undefined when neither the policy nor the chart names a backend */
export function render(spec: AccessLogPolicySpec, defaults: InstallDefaults): ConfigContent | undefined {
  const { exclude, flush, protocolAnalyze, collectors } = spec
  const backend = spec.backend ? renderBackend(spec.backend) : defaults.backend
  if (backend === undefined) return undefined
  return {
    clusterName: defaults.clusterName,
    exclude: {
      namespaces: sorted(exclude.namespaces),
      clusters: sorted(exclude.clusters),
      probes: exclude.probes,
    },
    flush: { maxCount: flush.maxCount, periodMs: durationMs(flush.period) },
    protocolAnalyze: {
      perCPUBufferBytes: sizeBytes(protocolAnalyze.perCPUBuffer),
      parallels: protocolAnalyze.parallels,
      queueSize: protocolAnalyze.queueSize,
    },
    collectors: {
      connections: collectors.connections,
      protocols: sorted(collectors.protocols),
      tls: sorted(collectors.tls),
      layers: collectors.layers,
    },
    backend,
  }
}

/** SHA-256 in hexadecimal of the content; the order of its members does not matter. */
export function contentHash(content: ConfigContent): string {
  return createHash('sha256').update(canonicalJson(content)).digest('hex')
}

/** Names of the Secrets that the content refers to, with the keys that must be in each. */
export function secretsOf({ backend }: ConfigContent): Map<string, Set<string>> {
  const { tls, authentication } = backend
  const keys = new Map<string, Set<string>>()
  const need = (secret: string, ...names: string[]) => {
    keys.set(secret, new Set([...(keys.get(secret) ?? []), ...names]))
  }
  if (tls?.ca) need(tls.ca.secret, tls.ca.key)
  if (tls?.client) need(tls.client.secret, 'tls.crt', 'tls.key')
  if (authentication) need(authentication.secret, authentication.key)
  return keys
}

function renderBackend({ address, tls, authentication }: AccessLogPolicyBackend): AccessLogConfigBackend {
  const { caSecretRef: ca, clientSecretRef: client, insecureSkipVerify = false } = tls ?? {}
  return {
    address,
    ...(tls && {
      tls: {
        ...(ca && { ca: { secret: ca.name, key: ca.key } }),
        ...(client && { client: { secret: client.name } }),
        insecureSkipVerify,
      },
    }),
    ...(authentication && {
      authentication: { secret: authentication.secretRef.name, key: authentication.secretRef.key },
    }),
  }
}

function sorted<T extends string>(values: readonly T[]): T[] {
  return [...new Set(values)].sort()
}

function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_, member: unknown) => {
    if (typeof member !== 'object' || member === null || Array.isArray(member)) return member
    return Object.fromEntries(Object.entries(member).sort(([one], [other]) => (one < other ? -1 : 1)))
  })
}
