/** Objects of a cluster as the operator, the kubelet and users would write them. */
import { createHash, randomUUID } from 'node:crypto'
import { ACCESS_LOG_CONFIG, type AccessLogConfigSpec } from '../../../crds/gen/accesslogconfig.ts'
import { ACCESS_LOG_STATUS } from '../../../crds/gen/accesslogstatus.ts'

export interface PodShape {
  namespace: string
  name: string
  node: string
  labels?: Record<string, string>
  annotations?: Record<string, string>
  owner?: { apiVersion: string; kind: string; name: string }
  hostNetwork?: boolean
  containers?: readonly string[]
  container?: Record<string, unknown>
}

export function pod(shape: PodShape) {
  const { namespace, name, node, labels = {}, annotations = {}, owner, hostNetwork = false } = shape
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      namespace,
      name,
      labels,
      annotations,
      ...(owner && { ownerReferences: [{ ...owner, uid: randomUUID(), controller: true }] }),
    },
    spec: {
      nodeName: node,
      hostNetwork,
      automountServiceAccountToken: false,
      containers: (shape.containers ?? ['app']).map((container) => ({
        name: container,
        image: 'none',
        ...shape.container,
      })),
    },
  }
}

/** A container id as a runtime makes it. */
export function containerId(): string {
  return createHash('sha256').update(randomUUID()).digest('hex')
}

/** What the kubelet reports of running containers. */
export function running(ids: Readonly<Record<string, string>>, podIP: string, hostIP: string) {
  return {
    status: {
      phase: 'Running',
      podIP,
      podIPs: [{ ip: podIP }],
      hostIP,
      containerStatuses: Object.entries(ids).map(([name, id]) => ({
        name,
        containerID: `containerd://${id}`,
        image: 'none',
        imageID: 'none',
        ready: true,
        started: true,
        restartCount: 0,
        state: { running: { startedAt: '2026-01-01T00:00:00Z' } },
      })),
    },
  }
}

export function service(namespace: string, name: string, selector: Record<string, string>) {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { namespace, name },
    spec: { selector, ports: [{ port: 80 }] },
  }
}

export function namespace(name: string) {
  return { apiVersion: 'v1', kind: 'Namespace', metadata: { name } }
}

export function defaultAccount(inNamespace: string) {
  return { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { namespace: inNamespace, name: 'default' } }
}

type ConfigChanges = { [Key in keyof AccessLogConfigSpec]?: Partial<AccessLogConfigSpec[Key]> }

/** An AccessLogConfig as the operator renders it from a policy. */
export function config(name: string, backend: string, changes: ConfigChanges = {}) {
  const { apiVersion, kind } = ACCESS_LOG_CONFIG
  const contents = {
    clusterName: 'prod',
    exclude: { namespaces: ['kube-system'], clusters: [], probes: false, ...changes.exclude },
    flush: { maxCount: 2000, periodMs: 200, ...changes.flush },
    protocolAnalyze: {
      perCPUBufferBytes: 409_600,
      parallels: 2,
      queueSize: 5000,
      ...changes.protocolAnalyze,
    },
    collectors: { connections: true, protocols: ['HTTP1'], tls: [], layers: false, ...changes.collectors },
    backend: { address: backend, ...changes.backend },
  }
  const hash = createHash('sha256').update(JSON.stringify(contents)).digest('hex')
  const policy = { name, uid: 'a5a5a5a5-0000-0000-0000-000000000000', generation: 1 }
  return { apiVersion, kind, metadata: { name }, spec: { policy, hash, ...contents } }
}

/** The assignment of a node. */
export function assignment(node: string, configName: string) {
  const { apiVersion, kind } = ACCESS_LOG_STATUS
  return { apiVersion, kind, metadata: { name: node }, spec: { configRef: { name: configName } } }
}
