// Generated from crds/accesslogconfig.yaml by `npm run generate`. Do not edit.

import type { ObjectMeta } from './meta.ts'

export const ACCESS_LOG_CONFIG = {
  apiVersion: 'accesslog.dev/v1alpha1',
  kind: 'AccessLogConfig',
  group: 'accesslog.dev',
  version: 'v1alpha1',
  plural: 'accesslogconfigs',
} as const

/**
 * An AccessLogPolicy validated, defaulted and rendered into canonical units, for the agents of the
 * nodes that it governs. Named after the policy, and written by the operator only.
 */
export interface AccessLogConfig {
  /** accesslog.dev/v1alpha1. */
  apiVersion: 'accesslog.dev/v1alpha1'
  /** AccessLogConfig. */
  kind: 'AccessLogConfig'
  metadata: ObjectMeta
  /** What agents apply. Everything is spelt out; agents default nothing. */
  spec: AccessLogConfigSpec
}

/** What agents apply. Everything is spelt out; agents default nothing. */
export interface AccessLogConfigSpec {
  /** The policy that this was rendered from; not part of the hash. */
  policy: AccessLogConfigPolicy
  /**
   * SHA-256 in hexadecimal of everything else in the spec but `policy`. Agents report it back; equal
   * hashes mean equal configs.
   */
  hash: string
  /** Prefixes every service name as `<cluster>::`; empty means no prefix. (at most 253 characters) */
  clusterName: string
  /** Workloads whose traffic is not captured. */
  exclude: AccessLogConfigExclude
  /** When logs are sent to the backend. */
  flush: AccessLogConfigFlush
  /** Resources for analyzing what was captured. */
  protocolAnalyze: AccessLogConfigProtocolAnalyze
  /** What is captured. */
  collectors: AccessLogConfigCollectors
  /** Where the logs go, the policy's or else the chart's. */
  backend: AccessLogConfigBackend
}

/** The policy that this was rendered from; not part of the hash. */
export interface AccessLogConfigPolicy {
  /** Name of the policy. (1 to 253 characters) */
  name: string
  /** Identity of the policy; another one may later have its name. (at most 64 characters) */
  uid: string
  /** Generation of the policy's spec that was last rendered and accepted. (at least 0) */
  generation: number
}

/** Workloads whose traffic is not captured. */
export interface AccessLogConfigExclude {
  /** Namespaces, sorted. (at most 256 elements; each 1 to 63 characters) */
  namespaces: string[]
  /** Cluster names, sorted. (at most 64 elements; each 1 to 253 characters) */
  clusters: string[]
  /** Whether probes of the kubelet are counted as filtered instead of logged. */
  probes: boolean
}

/** When logs are sent to the backend. */
export interface AccessLogConfigFlush {
  /** Logs are flushed when this many wait. (1 to 1000000) */
  maxCount: number
  /** Logs are flushed at the latest after this many milliseconds. (100 to 600000) */
  periodMs: number
}

/** Resources for analyzing what was captured. */
export interface AccessLogConfigProtocolAnalyze {
  /** Kernel ring buffer per CPU, in bytes. (4096 to 67108864) */
  perCPUBufferBytes: number
  /** Protocol analyzers that run side by side. (1 to 64) */
  parallels: number
  /** Records that may wait for an analyzer. (1 to 1000000) */
  queueSize: number
}

/** What is captured. */
export interface AccessLogConfigCollectors {
  /** Whether connects, accepts, closes, reads and writes are logged. */
  connections: boolean
  /** Protocols whose requests are logged, sorted. (at most 2 elements; each one of `HTTP1`, `HTTP2`) */
  protocols: ('HTTP1' | 'HTTP2')[]
  /**
   * TLS libraries whose plaintext is analyzed, sorted. (at most 4 elements; each one of `OpenSSL`,
   * `BoringSSL`, `GoTLS`, `NodeTLS`)
   */
  tls: ('OpenSSL' | 'BoringSSL' | 'GoTLS' | 'NodeTLS')[]
  /** Whether the layers below (L2 to L4) are measured. */
  layers: boolean
}

/** Where the logs go, the policy's or else the chart's. */
export interface AccessLogConfigBackend {
  /** SkyWalking OAP (gRPC) as HOST:PORT, IPv6 as [ADDRESS]:PORT. (3 to 261 characters) */
  address: string
  /** Speak TLS with the backend; absent means plain text. */
  tls?: AccessLogConfigBackendTls
  /** The token sent with every call; absent means none. */
  authentication?: AccessLogConfigBackendAuthentication
}

/** Speak TLS with the backend; absent means plain text. */
export interface AccessLogConfigBackendTls {
  /** Certificates (PEM) that vouch for the backend; absent means the well-known authorities. */
  ca?: AccessLogConfigBackendTlsCa
  /** Client certificate, as files tls.crt and tls.key of a mounted Secret. */
  client?: AccessLogConfigBackendTlsClient
  /** Accept any certificate of the backend. */
  insecureSkipVerify: boolean
}

/** Certificates (PEM) that vouch for the backend; absent means the well-known authorities. */
export interface AccessLogConfigBackendTlsCa {
  /**
   * Name of the Secret, the directory below which its keys are mounted into the agent. (1 to 253
   * characters)
   */
  secret: string
  /** Key in the Secret, a file in that directory. (1 to 253 characters) */
  key: string
}

/** Client certificate, as files tls.crt and tls.key of a mounted Secret. */
export interface AccessLogConfigBackendTlsClient {
  /**
   * Name of the Secret, the directory below which its keys are mounted into the agent. (1 to 253
   * characters)
   */
  secret: string
}

/** The token sent with every call; absent means none. */
export interface AccessLogConfigBackendAuthentication {
  /**
   * Name of the Secret, the directory below which its keys are mounted into the agent. (1 to 253
   * characters)
   */
  secret: string
  /** Key in the Secret, a file in that directory. (1 to 253 characters) */
  key: string
}

export interface AccessLogConfigList {
  apiVersion: 'accesslog.dev/v1alpha1'
  kind: 'AccessLogConfigList'
  metadata: { resourceVersion: string; continue?: string; remainingItemCount?: number }
  items: AccessLogConfig[]
}
