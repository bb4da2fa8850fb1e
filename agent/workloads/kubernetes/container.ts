/** Which container a process is in, as the paths of its cgroups tell. Pure. */
import type { CgroupLine } from '../cgroup.ts'

/** Where in the cluster a process is. At least one member is known. */
export interface Place {
  /**
   * Identity of the pod as the kubelet names its cgroup: the pod's uid, or for a static pod the hash of its manifest.
   * Undefined when the path shows only the last part, as it does for containers beside the agent's own.
   */
  readonly podUid: string | undefined
  /** 64 hexadecimal digits; undefined for a process in the pod's cgroup but in no container. */
  readonly containerId: string | undefined
}

/** A uid as the cgroupfs driver (`-`) and the systemd driver (`_`) write it, or the hash of a static pod. */
const UID = '[0-9a-f]{8}(?:[-_][0-9a-f]{4}){3}[-_][0-9a-f]{12}|[0-9a-f]{32}'

/** `pod<uid>` of cgroupfs; `kubepods-burstable-pod<uid>.slice` of systemd, also behind a prefix (kind, kubelet). */
const POD = new RegExp(`(?:^|-)pod(${UID})(?:\\.slice)?$`)

/**
 * containerd without systemd in a hierarchy that was set up for it: one component holds slice, runtime and id,
 * `kubepods-burstable-pod<uid>.slice:cri-containerd:<id>`.
 */
const POD_AND_CONTAINER = new RegExp(`(?:^|-)pod(${UID})\\.slice:[a-z-]+:([0-9a-f]{64})$`)

/** `<id>` of cgroupfs; `cri-containerd-<id>.scope`, `crio-<id>.scope`, `docker-<id>.scope` of systemd. */
const CONTAINER = /^(?:(?:cri-containerd|crio|docker|libpod)-)?([0-9a-f]{64})(?:\.scope)?$/

/** What is the runtime's own beside a container, not in it. */
const MONITOR = /^(?:crio|libpod)-conmon-/

/**
 * The place of a process by all of its cgroups; undefined outside pods. Hierarchies disagree: a runtime may leave some
 * alone, so the first that tells a container counts, then the first that tells a pod.
 */
export function placeOf(lines: readonly CgroupLine[]): Place | undefined {
  let pod: Place | undefined
  for (const { path } of lines) {
    const place = placeOfPath(path)
    if (place?.containerId !== undefined) return place
    pod ??= place
  }
  return pod
}

/**
 * The place of one path. What the container makes below its own cgroup (its init, its units, containers of its own)
 * is ignored: the outermost container of the innermost kubelet counts, so that a cluster in a container works as well.
 */
export function placeOfPath(path: string): Place | undefined {
  const components = path.split('/').filter((component) => component !== '')
  for (let at = 0; at < components.length; at += 1) {
    const component = components[at] ?? ''
    const [, podAndUid, id] = POD_AND_CONTAINER.exec(component) ?? []
    if (podAndUid !== undefined) return { podUid: uidOf(podAndUid), containerId: id }
    const uid = POD.exec(component)?.[1]
    if (uid !== undefined) return { podUid: uidOf(uid), containerId: containerIn(components[at + 1]) }
  }
  return besideOwn(components)
}

/**
 * From a cgroup namespace, the containers of the agent's own pod are seen as `/../<id>`; the pod is above what is
 * shown. Anything longer is a container of somebody else, for example docker's.
 */
function besideOwn(components: readonly string[]): Place | undefined {
  if (components[0] !== '..' || components[1] === '..') return undefined
  const containerId = containerIn(components[1])
  return containerId === undefined ? undefined : { podUid: undefined, containerId }
}

function containerIn(component = ''): string | undefined {
  return MONITOR.test(component) ? undefined : CONTAINER.exec(component)?.[1]
}

function uidOf(text: string): string {
  return text.replaceAll('_', '-')
}
