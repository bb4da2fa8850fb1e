// Generated from crds/accesslogpolicy.yaml by `npm run generate`. Do not edit.

import type { Condition, ObjectMeta } from './meta.ts'

export const ACCESS_LOG_POLICY = {
  apiVersion: 'accesslog.dev/v1alpha1',
  kind: 'AccessLogPolicy',
  group: 'accesslog.dev',
  version: 'v1alpha1',
  plural: 'accesslogpolicies',
} as const

/**
 * What is captured, and on which nodes. Each node is governed by one policy: of the active ones that
 * select it, the one with the highest priority, then the oldest, then the first by name. A node that
 * no active policy selects captures nothing.
 */
export interface AccessLogPolicy {
  /** accesslog.dev/v1alpha1. */
  apiVersion: 'accesslog.dev/v1alpha1'
  /** AccessLogPolicy. */
  kind: 'AccessLogPolicy'
  metadata: ObjectMeta
  /** What to capture, and on which nodes. An empty spec captures everything everywhere. */
  spec: AccessLogPolicySpec
  /** What has become of the policy; written by the operator. */
  status?: AccessLogPolicyStatus
}

/** What to capture, and on which nodes. An empty spec captures everything everywhere. */
export interface AccessLogPolicySpec {
  /** Whether the policy takes part at all; false switches it off without deleting it. (default true) */
  active: boolean
  /**
   * Of the active policies that select a node, the one with the highest priority wins it; then the
   * oldest; then the first by name. (-1000 to 1000; default 0)
   */
  priority: number
  /** Labels of the nodes that the policy selects; empty selects every node. */
  nodeSelector: AccessLogPolicyNodeSelector
  /**
   * Workloads on the node whose traffic is not captured. The rules look at the workload itself, never at
   * its peer, and hold from the first byte of a new process.
   */
  exclude: AccessLogPolicyExclude
  /** When logs are sent to the backend. */
  flush: AccessLogPolicyFlush
  /** Resources for analyzing what was captured. */
  protocolAnalyze: AccessLogPolicyProtocolAnalyze
  /** What is captured; everything by default. */
  collectors: AccessLogPolicyCollectors
  /** Where the logs go; absent means the backend that the chart was installed with. */
  backend?: AccessLogPolicyBackend
}

/** Labels of the nodes that the policy selects; empty selects every node. */
export interface AccessLogPolicyNodeSelector {
  /**
   * Labels that a node must have, with exactly these values. (at most 32 labels; every key must be a
   * label key, for example pool or node-role.kubernetes.io/worker)
   */
  matchLabels?: Record<string, string>
  /** Requirements that the labels of a node must all meet. (at most 32 elements) */
  matchExpressions?: AccessLogPolicyNodeSelectorMatchExpression[]
}

/** One requirement on one label. */
export interface AccessLogPolicyNodeSelectorMatchExpression {
  /** Key of the label. (1 to 317 characters) */
  key: string
  /** How the label relates to the values. */
  operator: 'In' | 'NotIn' | 'Exists' | 'DoesNotExist'
  /**
   * Values for In and NotIn; absent for Exists and DoesNotExist. (at most 64 elements; each at most 63
   * characters)
   */
  values?: string[]
}

/**
 * Workloads on the node whose traffic is not captured. The rules look at the workload itself, never at
 * its peer, and hold from the first byte of a new process.
 */
export interface AccessLogPolicyExclude {
  /**
   * Namespaces whose pods are not captured; an empty list excludes none. (at most 256 elements; every
   * item may be there once; each 1 to 63 characters; default
   * ["istio-system","cert-manager","kube-system"])
   */
  namespaces: string[]
  /**
   * Clusters whose workloads are not captured: the part before `::` of a workload's service name,
   * compared with regard to case. (at most 64 elements; every item may be there once; each 1 to 253
   * characters; default [])
   */
  clusters: string[]
  /**
   * Whether probes of the kubelet, recognised from the pod's spec, are counted as filtered instead of
   * logged. (default false)
   */
  probes: boolean
}

/** When logs are sent to the backend. */
export interface AccessLogPolicyFlush {
  /** Logs are flushed when this many wait. (1 to 1000000; default 2000) */
  maxCount: number
  /**
   * Logs are flushed at the latest after this time; a Go duration such as `500ms` or `1m30s`. (at most
   * 32 characters; must be a duration from 100ms to 10m, for example 500ms, 5s or 1m30s; default "5s")
   */
  period: string
}

/** Resources for analyzing what was captured. */
export interface AccessLogPolicyProtocolAnalyze {
  /**
   * Kernel ring buffer per CPU; units are powers of 1024 (`400KB` equals `400Ki`). A bare K, M or G is
   * refused, because it means 1000 in Kubernetes and 1024 in Rover. (at most 16 characters; must be a
   * size from 4KB to 64MB, for example 400KB or 400Ki (1024-based); default "400KB")
   */
  perCPUBuffer: string
  /** Protocol analyzers that run side by side; a connection belongs to one of them. (1 to 64; default 2) */
  parallels: number
  /**
   * Records that may wait for an analyzer; beyond that the kernel buffer fills. (1 to 1000000; default
   * 5000)
   */
  queueSize: number
}

/** What is captured; everything by default. */
export interface AccessLogPolicyCollectors {
  /** Whether connects, accepts, closes, reads and writes are logged. (default true) */
  connections: boolean
  /**
   * Protocols whose requests are logged; an empty list logs none. (at most 2 elements; every item may be
   * there once; each one of `HTTP1`, `HTTP2`; default ["HTTP1","HTTP2"])
   */
  protocols: ('HTTP1' | 'HTTP2')[]
  /**
   * TLS libraries whose plaintext is analyzed; an empty list leaves encrypted traffic alone. (at most 4
   * elements; every item may be there once; each one of `OpenSSL`, `BoringSSL`, `GoTLS`, `NodeTLS`;
   * default ["OpenSSL","BoringSSL","GoTLS","NodeTLS"])
   */
  tls: ('OpenSSL' | 'BoringSSL' | 'GoTLS' | 'NodeTLS')[]
  /** Whether times and losses of the layers below (L2 to L4) are measured. (default true) */
  layers: boolean
}

/** Where the logs go; absent means the backend that the chart was installed with. */
export interface AccessLogPolicyBackend {
  /**
   * SkyWalking OAP (gRPC) as HOST:PORT, IPv6 as [ADDRESS]:PORT. (3 to 261 characters; must be HOST:PORT
   * with a port from 1 to 65535)
   */
  address: string
  /** Speak TLS with the backend; absent means plain text. */
  tls?: AccessLogPolicyBackendTls
  /** The token sent with every call, as metadata `Authentication`. */
  authentication?: AccessLogPolicyBackendAuthentication
}

/** Speak TLS with the backend; absent means plain text. */
export interface AccessLogPolicyBackendTls {
  /**
   * Certificates (PEM) that vouch for the backend; absent means the well-known authorities. The Secret
   * is in the operator's namespace and listed in the chart's backend.secrets.
   */
  caSecretRef?: AccessLogPolicyBackendTlsCaSecretRef
  /**
   * Client certificate: a Secret of type kubernetes.io/tls (tls.crt and tls.key) in the operator's
   * namespace, listed in the chart's backend.secrets.
   */
  clientSecretRef?: AccessLogPolicyBackendTlsClientSecretRef
  /** Accept any certificate of the backend. (default false) */
  insecureSkipVerify: boolean
}

/**
 * Certificates (PEM) that vouch for the backend; absent means the well-known authorities. The Secret
 * is in the operator's namespace and listed in the chart's backend.secrets.
 */
export interface AccessLogPolicyBackendTlsCaSecretRef {
  /** Name of the Secret. (1 to 253 characters) */
  name: string
  /** Key in the Secret. (1 to 253 characters; must be a key of a Secret; default "ca.crt") */
  key: string
}

/**
 * Client certificate: a Secret of type kubernetes.io/tls (tls.crt and tls.key) in the operator's
 * namespace, listed in the chart's backend.secrets.
 */
export interface AccessLogPolicyBackendTlsClientSecretRef {
  /** Name of the Secret. (1 to 253 characters) */
  name: string
}

/** The token sent with every call, as metadata `Authentication`. */
export interface AccessLogPolicyBackendAuthentication {
  /**
   * The Secret that holds the token; in the operator's namespace and listed in the chart's
   * backend.secrets.
   */
  secretRef: AccessLogPolicyBackendAuthenticationSecretRef
}

/**
 * The Secret that holds the token; in the operator's namespace and listed in the chart's
 * backend.secrets.
 */
export interface AccessLogPolicyBackendAuthenticationSecretRef {
  /** Name of the Secret. (1 to 253 characters) */
  name: string
  /** Key in the Secret. (1 to 253 characters; must be a key of a Secret; default "token") */
  key: string
}

/** What has become of the policy; written by the operator. */
export interface AccessLogPolicyStatus {
  /** Generation of the spec that this status is about. (at least 0) */
  observedGeneration?: number
  /**
   * Generation of the spec that is in force; older than observedGeneration while an edit is not
   * accepted. (at least 0)
   */
  acceptedGeneration?: number
  /**
   * Hash of the AccessLogConfig that is in force; absent while the policy governs no node. (at most 64
   * characters)
   */
  configHash?: string
  /** Nodes, counted. */
  nodes?: AccessLogPolicyNodes
  /** Accepted, Programmed, Ready and Degraded. (at most 16 elements) */
  conditions?: Condition[]
}

/** Nodes, counted. */
export interface AccessLogPolicyNodes {
  /** Nodes that the policy selects, those lost to another policy included. (at least 0) */
  selected?: number
  /** Nodes whose agent has applied the config in force. (at least 0) */
  programmed?: number
  /** Nodes that are programmed and in state Active. (at least 0) */
  ready?: number
  /** Nodes that the policy selects and another policy has won. (at least 0) */
  overridden?: number
  /** Ready and selected nodes for `kubectl get`, for example `4998/5000`. (at most 32 characters) */
  summary?: string
}

export interface AccessLogPolicyList {
  apiVersion: 'accesslog.dev/v1alpha1'
  kind: 'AccessLogPolicyList'
  metadata: { resourceVersion: string; continue?: string; remainingItemCount?: number }
  items: AccessLogPolicy[]
}
