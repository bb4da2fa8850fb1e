/** What an agent runs by. Made once at start, never changed. */
import type { HostPort } from './kinds.ts'
import type { Values } from './keys.ts'

export interface TlsConfig {
  /** Paths of PEM files; undefined: no client certificate. */
  client: { certificatePath: string; keyPath: string } | undefined
  /** Undefined: the well-known authorities. */
  caPath: string | undefined
  insecureSkipVerify: boolean
}

export interface BackendConfig extends HostPort {
  /** Undefined: plain text. */
  tls: TlsConfig | undefined
  /** Sent as call metadata; empty: none. A secret. */
  authentication: string
}

export interface AgentConfig {
  /** False: nothing is captured. */
  readonly active: boolean
  readonly excludeNamespaces: readonly string[]
  readonly excludeClusters: readonly string[]
  readonly flush: { readonly maxCount: number; readonly periodMs: number }
  readonly protocolAnalyze: {
    readonly perCpuBufferBytes: number
    readonly parallels: number
    /** Records. */
    readonly queueSize: number
  }
  /** Empty: none. */
  readonly clusterName: string
  /** Empty: the host name. */
  readonly nodeName: string
  /** Undefined: logs are sent nowhere. */
  readonly backend: Readonly<BackendConfig> | undefined
}

/** The config that checked values amount to, frozen. */
export function makeConfig(values: Values): AgentConfig {
  return Object.freeze({
    active: values.active,
    excludeNamespaces: Object.freeze([...values.excludeNamespaces]),
    excludeClusters: Object.freeze([...values.excludeClusters]),
    flush: Object.freeze({ maxCount: values.flushMaxCount, periodMs: values.flushPeriodMs }),
    protocolAnalyze: Object.freeze({
      perCpuBufferBytes: values.perCpuBufferBytes,
      parallels: values.parallels,
      queueSize: values.queueSize,
    }),
    clusterName: values.clusterName,
    nodeName: values.nodeName,
    backend: makeBackend(values),
  })
}

function makeBackend(values: Values): Readonly<BackendConfig> | undefined {
  if (values.backendAddress === null) return undefined
  const tls = values.tlsEnabled ? makeTls(values) : undefined
  return Object.freeze({ ...values.backendAddress, tls, authentication: values.authentication })
}

function makeTls({ clientPemPath, clientKeyPath, caPemPath, insecureSkipVerify }: Values): TlsConfig {
  return Object.freeze({
    client:
      clientPemPath === ''
        ? undefined
        : Object.freeze({ certificatePath: clientPemPath, keyPath: clientKeyPath }),
    caPath: caPemPath === '' ? undefined : caPemPath,
    insecureSkipVerify,
  })
}
