/** What is kept of a pod: who it is, its containers, and what the kubelet asks of them. Pure. */
import type { OwnerReference } from '../../../crds/naming/owner.ts'
import { type ProbeRule, probeRules } from './probes.ts'

export interface PodContainer {
  readonly name: string
  /** 64 hexadecimal digits; undefined until the kubelet reported it. */
  readonly id: string | undefined
  /** Its part in the pod: `init` runs before, `sidecar` beside (an init container that is restarted always). */
  readonly part: 'init' | 'sidecar' | 'main' | 'ephemeral'
  /** Ended for good. */
  readonly ended: boolean
  /** It does not run, as far as the kubelet reported: if one starts, it has another id. */
  readonly awaited: boolean
  /** Ports that the spec names. */
  readonly ports: readonly number[]
}

/** Values are shared: never change one. */
export interface PodFacts {
  readonly uid: string
  /** Name of the pod's cgroup: the uid, or the hash of a static pod's manifest. */
  readonly cgroupUid: string
  readonly namespace: string
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  readonly ownerReferences: readonly OwnerReference[]
  readonly hostNetwork: boolean
  readonly addresses: readonly string[]
  /** Of the node. */
  readonly hostAddresses: readonly string[]
  readonly containers: readonly PodContainer[]
  readonly probes: readonly ProbeRule[]
}

/** The members of a v1 Pod that are looked at. */
export interface PodObject {
  metadata: {
    uid: string
    namespace: string
    name: string
    labels?: Record<string, string>
    annotations?: Record<string, string>
    ownerReferences?: OwnerReference[]
  }
  spec: {
    hostNetwork?: boolean
    containers: ContainerSpec[]
    initContainers?: ContainerSpec[]
    ephemeralContainers?: ContainerSpec[]
  }
  status?: {
    podIP?: string
    podIPs?: { ip: string }[]
    hostIP?: string
    hostIPs?: { ip: string }[]
    containerStatuses?: ContainerStatus[]
    initContainerStatuses?: ContainerStatus[]
    ephemeralContainerStatuses?: ContainerStatus[]
  }
}

export interface ContainerSpec {
  name: string
  restartPolicy?: string
  ports?: { name?: string; containerPort: number }[]
  livenessProbe?: Probe
  readinessProbe?: Probe
  startupProbe?: Probe
}

export interface Probe {
  httpGet?: { path?: string; port: number | string; host?: string; scheme?: string }
  tcpSocket?: { port: number | string; host?: string }
  grpc?: { port: number; service?: string | null }
}

interface ContainerStatus {
  name: string
  /** `containerd://<id>`, empty before it was made. */
  containerID?: string
  state?: { running?: object; terminated?: { exitCode?: number } }
}

/** Puts the hash of its manifest into the annotations of a static pod; the kubelet names the cgroup after it. */
const STATIC_POD_HASH = 'kubernetes.io/config.hash'

export function podFacts({ metadata, spec, status = {} }: PodObject): PodFacts {
  const all = [...(spec.initContainers ?? []), ...spec.containers]
  return {
    uid: metadata.uid,
    cgroupUid: metadata.annotations?.[STATIC_POD_HASH] ?? metadata.uid,
    namespace: metadata.namespace,
    name: metadata.name,
    labels: metadata.labels ?? {},
    ownerReferences: (metadata.ownerReferences ?? []).map(({ kind, name, controller }) => ({
      kind,
      name,
      controller,
    })),
    hostNetwork: spec.hostNetwork ?? false,
    addresses: addressesOf(status.podIP, status.podIPs),
    hostAddresses: addressesOf(status.hostIP, status.hostIPs),
    containers: [
      ...containersOf(spec.initContainers, status.initContainerStatuses, initPart),
      ...containersOf(spec.containers, status.containerStatuses, () => 'main'),
      ...containersOf(spec.ephemeralContainers, status.ephemeralContainerStatuses, () => 'ephemeral'),
    ],
    probes: probeRules(all),
  }
}

/**
 * The container with an id. A container runs before the kubelet reports it, and again under another id after a crash:
 * then it is the one that can be it, if there is just one.
 */
export function containerWith(pod: PodFacts, id: string | undefined): PodContainer | undefined {
  if (id === undefined) return undefined
  const known = pod.containers.find((container) => container.id === id)
  if (known !== undefined) return known
  const candidates = pod.containers.filter(({ ended }) => !ended)
  const awaited = candidates.filter((container) => container.awaited)
  return nextOf(awaited.length > 0 ? awaited : candidates)
}

/** Init containers run one after the other, before all others: the first that has not run is the one. */
function nextOf(candidates: readonly PodContainer[]): PodContainer | undefined {
  const [first, ...others] = candidates
  return others.length === 0 || first?.part === 'init' ? first : undefined
}

function initPart({ restartPolicy }: ContainerSpec): 'init' | 'sidecar' {
  return restartPolicy === 'Always' ? 'sidecar' : 'init'
}

function containersOf(
  specs: readonly ContainerSpec[] = [],
  statuses: readonly ContainerStatus[] = [],
  partOf: (spec: ContainerSpec) => PodContainer['part'],
): PodContainer[] {
  return specs.map((spec) => {
    const status = statuses.find(({ name }) => name === spec.name)
    const part = partOf(spec)
    return {
      name: spec.name,
      id: containerId(status?.containerID),
      part,
      ended: part === 'init' && status?.state?.terminated?.exitCode === 0,
      awaited: status?.state?.running === undefined,
      ports: (spec.ports ?? []).map(({ containerPort }) => containerPort),
    }
  })
}

/** The id without the name of the runtime: `containerd://`, `cri-o://`, `docker://`, `dockerd://`. */
function containerId(text = ''): string | undefined {
  return text.slice(text.indexOf('://') + 3).trim() || undefined
}

function addressesOf(one: string | undefined, all: readonly { ip: string }[] = []): string[] {
  const addresses = all.map(({ ip }) => ip)
  return one === undefined || addresses.includes(one) ? addresses : [one, ...addresses]
}
