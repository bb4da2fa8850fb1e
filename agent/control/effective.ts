/** The config that an agent runs by: what its node is assigned, and what its own environment changes of that. */
import { readFileSync } from 'node:fs'
import type { AccessLogConfigCollectors, AccessLogConfigSpec } from '../../crds/gen/accesslogconfig.ts'
import type { AgentConfig } from '../config/config.ts'
import type { Environment, Given } from '../config/given.ts'
import { keyOf, KEY_NAMES, type KeyName } from '../config/keys.ts'
import { loadConfig } from '../config/load.ts'
import { accessLogError, reasonOf } from '../errors.ts'

export interface EffectiveConfig {
  config: AgentConfig
  /** Whether probes of the kubelet are filtered. */
  excludeProbes: boolean
  /** What of the capture is wanted. */
  collectors: AccessLogConfigCollectors
  /** Name of the AccessLogConfig. */
  name: string
  /** Its hash, before overrides. */
  hash: string
  overrides: readonly ConfigOverride[]
}

/** As AccessLogStatus reports it. */
export interface ConfigOverride {
  /** Path in the spec of AccessLogConfig. */
  field: string
  /** The value in force; of a secret only that it is set. */
  value: string
  /** The variable it comes from. */
  source: string
}

export interface EffectiveSources {
  name: string
  spec: AccessLogConfigSpec
  environment: Environment
  nodeName: string
  /** Where Secrets are mounted: `<folder>/<secret>/<key>`. */
  secretsFolder: string
}

/** Path in the spec of AccessLogConfig, for the keys that it sets. */
const FIELDS: Partial<Record<KeyName, string>> = {
  active: 'active',
  excludeNamespaces: 'exclude.namespaces',
  excludeClusters: 'exclude.clusters',
  flushMaxCount: 'flush.maxCount',
  flushPeriodMs: 'flush.periodMs',
  perCpuBufferBytes: 'protocolAnalyze.perCPUBufferBytes',
  parallels: 'protocolAnalyze.parallels',
  queueSize: 'protocolAnalyze.queueSize',
  clusterName: 'clusterName',
  backendAddress: 'backend.address',
  tlsEnabled: 'backend.tls',
  clientPemPath: 'backend.tls.client',
  clientKeyPath: 'backend.tls.client',
  caPemPath: 'backend.tls.ca',
  insecureSkipVerify: 'backend.tls.insecureSkipVerify',
  authentication: 'backend.authentication',
}

/**
 * Throws CONFIG_INVALID when a variable of the environment has a bad value, and KUBERNETES_SECRET_MISSING when a
 * Secret of the backend is not mounted (yet).
 */
export function effectiveConfig(sources: EffectiveSources): EffectiveConfig {
  const { name, spec, environment } = sources
  const loaded = loadConfig({
    standalone: false,
    flags: {},
    environment,
    configPath: undefined,
    assigned: assignedTexts(sources),
  })
  return {
    config: loaded.config,
    excludeProbes: spec.exclude.probes,
    collectors: spec.collectors,
    name,
    hash: spec.hash,
    overrides: loaded.overrides.flatMap(({ environment: source, key, value }) => {
      const field = FIELDS[keyNameOf(key)]
      return field === undefined ? [] : [{ field, value, source }]
    }),
  }
}

/** Every value of the spec as the text that the key would take. */
function assignedTexts({ name, spec, nodeName, secretsFolder }: EffectiveSources): Record<string, Given> {
  const { exclude, flush, protocolAnalyze, backend } = spec
  const pathOf = (secret: string, key: string) => `${secretsFolder}/${secret}/${key}`
  const { tls, authentication } = backend
  const texts: Partial<Record<KeyName, string>> = {
    active: 'true',
    excludeNamespaces: exclude.namespaces.join(','),
    excludeClusters: exclude.clusters.join(','),
    flushMaxCount: String(flush.maxCount),
    flushPeriodMs: `${flush.periodMs}ms`,
    perCpuBufferBytes: String(protocolAnalyze.perCPUBufferBytes),
    parallels: String(protocolAnalyze.parallels),
    queueSize: String(protocolAnalyze.queueSize),
    clusterName: spec.clusterName,
    backendAddress: backend.address,
    tlsEnabled: String(tls !== undefined),
    insecureSkipVerify: String(tls?.insecureSkipVerify ?? false),
    caPemPath: tls?.ca === undefined ? '' : pathOf(tls.ca.secret, tls.ca.key),
    clientPemPath: tls?.client === undefined ? '' : pathOf(tls.client.secret, 'tls.crt'),
    clientKeyPath: tls?.client === undefined ? '' : pathOf(tls.client.secret, 'tls.key'),
    authentication:
      authentication === undefined
        ? ''
        : readSecret(authentication.secret, pathOf(authentication.secret, authentication.key)),
    nodeName,
  }
  const origin = { kind: 'cluster' as const, name: `AccessLogConfig ${name}` }
  return Object.fromEntries(Object.entries(texts).map(([key, text]) => [key, { text, origin }]))
}

function readSecret(secret: string, path: string): string {
  try {
    return readFileSync(path, 'utf8').trim()
  } catch (cause) {
    throw accessLogError('KUBERNETES_SECRET_MISSING', { secret, reason: reasonOf(cause) }, { cause })
  }
}

function keyNameOf(path: string): KeyName {
  return KEY_NAMES.find((name) => keyOf(name).path === path) ?? 'active'
}
