/** What the operator knows of the cluster: of every object only what plans need. */
import { ACCESS_LOG_CONFIG, type AccessLogConfig } from '../../crds/gen/accesslogconfig.ts'
import { ACCESS_LOG_POLICY, type AccessLogPolicy } from '../../crds/gen/accesslogpolicy.ts'
import { ACCESS_LOG_STATUS, type AccessLogStatus } from '../../crds/gen/accesslogstatus.ts'
import type { ApiObject, Resource } from './reflector.ts'
import { Store, type StoreListener } from './store.ts'

export interface PolicyView extends Pick<AccessLogPolicy, 'spec' | 'status'> {
  name: string
  uid: string
  generation: number
  createdMs: number
}

export interface NodeView {
  name: string
  uid: string
  labels: Readonly<Record<string, string>>
}

export type ConfigView = Pick<AccessLogConfig, 'spec'> & {
  name: string
  uid: string
  annotations: Readonly<Record<string, string>>
}

/** What is known of one node's AccessLogStatus. */
export interface NodeReport {
  uid: string
  /** uid of the Node that owns it. */
  nodeUid: string | undefined
  /** `spec.configRef.name` */
  configName: string | undefined
  /** `status.configName` */
  appliedName: string | undefined
  /** `status.configHash` */
  appliedHash: string | undefined
  state: 'Active' | 'Degraded' | 'Inactive' | 'Lost' | undefined
  /** `status.lastHeartbeatTime`, only ever compared for equality. */
  heartbeat: string | undefined
}

export interface ObservedListeners {
  policies: StoreListener<PolicyView>
  nodes: StoreListener<NodeView>
  configs: StoreListener<ConfigView>
  reports: StoreListener<NodeReport>
}

export class Observed {
  readonly policies: Store<PolicyView>
  readonly nodes: Store<NodeView>
  readonly configs: Store<ConfigView>
  /** By node. */
  readonly reports: Store<NodeReport>

  constructor(listeners: ObservedListeners) {
    this.policies = new Store(policyView, listeners.policies)
    this.nodes = new Store(nodeView, listeners.nodes)
    this.configs = new Store(configView, listeners.configs)
    this.reports = new Store(nodeReport, listeners.reports)
  }
}

/** Path of all objects of a cluster-scoped kind. */
export function collectionPath({ apiVersion, plural }: { apiVersion: string; plural: string }): string {
  return `/apis/${apiVersion}/${plural}`
}

export const NODES: Resource = { name: 'nodes', path: '/api/v1/nodes', metadataOnly: true }
export const POLICIES: Resource = { name: ACCESS_LOG_POLICY.plural, path: collectionPath(ACCESS_LOG_POLICY) }
export const CONFIGS: Resource = { name: ACCESS_LOG_CONFIG.plural, path: collectionPath(ACCESS_LOG_CONFIG) }
export const REPORTS: Resource = { name: ACCESS_LOG_STATUS.plural, path: collectionPath(ACCESS_LOG_STATUS) }

function policyView({ metadata, ...object }: ApiObject): PolicyView {
  const { name, uid, generation = 0, creationTimestamp = '' } = metadata
  const { spec, status } = object as AccessLogPolicy
  const createdMs = Date.parse(creationTimestamp)
  return { name, uid, generation, createdMs, spec, ...(status && { status }) }
}

function nodeView({ metadata: { name, uid, labels = {} } }: ApiObject): NodeView {
  return { name, uid, labels }
}

function configView({ metadata, ...object }: ApiObject): ConfigView {
  const { name, uid, annotations = {} } = metadata
  return { name, uid, annotations, spec: (object as AccessLogConfig).spec }
}

function nodeReport({ metadata, ...object }: ApiObject): NodeReport {
  const { spec, status } = object as AccessLogStatus
  return {
    uid: metadata.uid,
    nodeUid: metadata.ownerReferences?.find(({ kind }) => kind === 'Node')?.uid,
    configName: spec.configRef?.name,
    appliedName: status?.configName,
    appliedHash: status?.configHash,
    state: status?.state,
    heartbeat: status?.lastHeartbeatTime,
  }
}
