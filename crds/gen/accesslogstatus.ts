// Generated from crds/accesslogstatus.yaml by `npm run generate`. Do not edit.

import type { Condition, ObjectMeta } from './meta.ts'

export const ACCESS_LOG_STATUS = {
  apiVersion: 'accesslog.dev/v1alpha1',
  kind: 'AccessLogStatus',
  group: 'accesslog.dev',
  version: 'v1alpha1',
  plural: 'accesslogstatuses',
} as const

/**
 * What one node does. Named after the node and owned by it. The spec is written by the operator, the
 * status by the agent of that node.
 */
export interface AccessLogStatus {
  /** accesslog.dev/v1alpha1. */
  apiVersion: 'accesslog.dev/v1alpha1'
  /** AccessLogStatus. */
  kind: 'AccessLogStatus'
  metadata: ObjectMeta
  /** What the node shall do; changes only when another policy wins the node. */
  spec: AccessLogStatusSpec
  /**
   * What the node does; written by its agent when it changes, at most every 10 seconds, and every 5
   * minutes in any case.
   */
  status?: AccessLogStatusStatus
}

/** What the node shall do; changes only when another policy wins the node. */
export interface AccessLogStatusSpec {
  /** The AccessLogConfig to apply; absent means that nothing is captured. */
  configRef?: AccessLogStatusConfigRef
}

/** The AccessLogConfig to apply; absent means that nothing is captured. */
export interface AccessLogStatusConfigRef {
  /** Name of the AccessLogConfig, which is the name of its policy. (1 to 253 characters) */
  name: string
}

/**
 * What the node does; written by its agent when it changes, at most every 10 seconds, and every 5
 * minutes in any case.
 */
export interface AccessLogStatusStatus {
  /** Generation of the spec that this status is about. (at least 0) */
  observedGeneration?: number
  /**
   * Active: captures all that is wanted. Inactive: no policy selects the node. Degraded: something
   * wanted is not done; the conditions say what. Lost: the agent has not been heard of for 11 minutes;
   * the only thing here that the operator writes.
   */
  state?: 'Active' | 'Inactive' | 'Degraded' | 'Lost'
  /** Name of the AccessLogConfig that is applied; absent means none. (at most 253 characters) */
  configName?: string
  /**
   * Hash of the AccessLogConfig that is applied, before overrides; absent means none. (at most 64
   * characters)
   */
  configHash?: string
  /** First 8 characters of configHash, for `kubectl get`. (at most 8 characters) */
  configHashShort?: string
  /** What the agent's environment changes of the config. (at most 32 elements) */
  overrides?: AccessLogStatusOverride[]
  /** When the agent last wrote this status, by its own clock. */
  lastHeartbeatTime?: string
  /** The agent that writes this status. */
  agent?: AccessLogStatusAgent
  /** Release of the node's kernel, as `uname -r` says it. (at most 128 characters) */
  kernel?: string
  /** What can be captured on the node. */
  capture?: AccessLogStatusCapture
  /** Workloads of the node, counted. */
  workloads?: AccessLogStatusWorkloads
  /** Connections that are open. (at least 0) */
  connections?: number
  /** Logs made per second since the status before this one, rounded to two digits. (at least 0) */
  logsPerSecond?: number
  /** Where the logs go. */
  backend?: AccessLogStatusBackend
  /**
   * What became of everything seen since the agent started. At every stage: seen = passed + filtered +
   * folded + dropped + pending.
   */
  counters?: AccessLogStatusCounters
  /** The latest error that holds; absent when none does. */
  lastError?: AccessLogStatusLastError
  /** ConfigApplied, Capturing and BackendConnected. (at most 16 elements) */
  conditions?: Condition[]
}

/** One field of the config. */
export interface AccessLogStatusOverride {
  /** Path in the spec of AccessLogConfig, for example `flush.periodMs`. (at most 128 characters) */
  field: string
  /** The value in force, as text; of a secret only that it is set. (at most 1024 characters) */
  value: string
  /** Where it comes from, for example `ROVER_ACCESS_LOG_FLUSH_PERIOD`. (at most 128 characters) */
  source: string
}

/** The agent that writes this status. */
export interface AccessLogStatusAgent {
  /** Version of the agent. (at most 64 characters) */
  version?: string
  /** Name of its pod, in the namespace of the chart. (at most 253 characters) */
  pod?: string
  /** When it started; counters count from then. */
  startTime?: string
}

/** What can be captured on the node. */
export interface AccessLogStatusCapture {
  /**
   * `Full`, or the capabilities that are not: for example `tls-go:Unavailable,layers:Partial`. (at most
   * 256 characters)
   */
  summary?: string
  /** Capability by capability. (at most 32 elements) */
  capabilities?: AccessLogStatusCaptureCapability[]
}

/** One capability. */
export interface AccessLogStatusCaptureCapability {
  /** Which, for example `traffic`, `layers` or `tls-openssl`. (1 to 64 characters) */
  name: string
  /** Active: works. Partial: works with less. Unavailable: the node cannot. Off: not wanted. */
  state: 'Active' | 'Partial' | 'Unavailable' | 'Off'
  /** Why it is not Active. (at most 256 characters) */
  reason?: string
}

/** Workloads of the node, counted. */
export interface AccessLogStatusWorkloads {
  /** Processes whose traffic is captured. (at least 0) */
  processes?: number
  /** Containers that these processes run in. (at least 0) */
  containers?: number
  /** Pods of these containers. (at least 0) */
  pods?: number
  /** Processes that are not captured, by the first reason that holds. (at most 16 elements) */
  excluded?: AccessLogStatusWorkloadsExcludedItem[]
}

/** One reason. */
export interface AccessLogStatusWorkloadsExcludedItem {
  /** Why, in snake_case, for example `exclude_namespace` or `not_in_pod`. (1 to 64 characters) */
  reason: string
  /** How many processes. (at least 0) */
  processes: number
}

/** Where the logs go. */
export interface AccessLogStatusBackend {
  /** HOST:PORT. (at most 261 characters) */
  address?: string
}

/**
 * What became of everything seen since the agent started. At every stage: seen = passed + filtered +
 * folded + dropped + pending.
 */
export interface AccessLogStatusCounters {
  /** Logs that the backend confirmed. (at least 0) */
  delivered?: number
  /** What rules kept from being logged, all stages together. (at least 0) */
  filtered?: number
  /** What was lost, all stages together. (at least 0) */
  dropped?: number
  /** Stage by stage, in the order of the way of the data. (at most 8 elements) */
  stages?: AccessLogStatusCountersStage[]
}

/** One stage. */
export interface AccessLogStatusCountersStage {
  /**
   * Which, for example `kernel`, `helper`, `records`, `operations`, `exchanges` or `backend`. (1 to 64
   * characters)
   */
  stage: string
  /** What arrived. (at least 0) */
  seen: number
  /** What went on to the next stage. (at least 0) */
  passed: number
  /** What went on as a part of something else. (at least 0) */
  folded: number
  /** What waits. (at least 0) */
  pending: number
  /** What rules kept back, by rule; rules that kept back nothing are left out. (at most 16 elements) */
  filtered?: AccessLogStatusCountersStageFilteredItem[]
  /** What was lost, by reason; reasons that lost nothing are left out. (at most 32 elements) */
  dropped?: AccessLogStatusCountersStageDroppedItem[]
}

/** One rule. */
export interface AccessLogStatusCountersStageFilteredItem {
  /** The rule, in snake_case, for example `exclude_namespace`. (1 to 64 characters) */
  reason: string
  /** How many. (at least 0) */
  count: number
}

/** One reason. */
export interface AccessLogStatusCountersStageDroppedItem {
  /** The reason, in snake_case, for example `queue_full`. (1 to 64 characters) */
  reason: string
  /** How many. (at least 0) */
  count: number
}

/** The latest error that holds; absent when none does. */
export interface AccessLogStatusLastError {
  /** A row of docs/reference/errors.md. (1 to 64 characters) */
  code: string
  /** What is wrong and what to change. (at most 1024 characters) */
  message: string
  /** Since when, by the agent's clock. */
  time: string
}

export interface AccessLogStatusList {
  apiVersion: 'accesslog.dev/v1alpha1'
  kind: 'AccessLogStatusList'
  metadata: { resourceVersion: string; continue?: string; remainingItemCount?: number }
  items: AccessLogStatus[]
}
