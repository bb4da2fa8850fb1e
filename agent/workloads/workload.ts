/** What a process is called in a log, and the seam behind which the names are found. */
import type { ProcessFacts } from './processes.ts'

/** The names of one process. Values are shared between logs: never change one. */
export interface Workload {
  /** OAP service name, cluster prefix included: `<cluster>::<name>`. */
  readonly service: string
  /** Pod, or host name outside Kubernetes. */
  readonly pod: string
  /** Container name; empty outside Kubernetes. */
  readonly container: string
  /** Process name (comm, at most 15 bytes). */
  readonly process: string
  /** Process id in the initial pid namespace. */
  readonly pid: number
}

/** What an OPEN record tells about the process; it may be gone when the record is read. */
export interface WorkloadHint {
  /** Name of the task (a thread may have its own) at first sight; empty when unknown. */
  comm: string
  /** cgroup v2 id of the task: the inode number of its directory, exact below 2^53; 0 when unknown. */
  cgroupId: number
}

/** Finds the workload of a process. Standalone and Kubernetes each have one. */
export interface WorkloadDirectory {
  /** Never throws and never waits. `undefined`: not a workload, or nothing at all is known of it. */
  identify(pid: number, hint: WorkloadHint): Workload | undefined
}

/** One PROCESS record, decoded. */
export interface ProcessEvent {
  kind: 'exec' | 'fork' | 'exit'
  /** Process id (tgid) in the initial pid namespace. */
  pid: number
  /** Process id of the parent; fork only, else 0. */
  parent: number
  /** Name of the process: after exec the new one, after fork the parent's. */
  comm: string
  /** cgroup v2 id, as in {@link WorkloadHint}. */
  cgroupId: number
  /** An exec that the kernel ignores already, by its cgroup. */
  ignored?: boolean
}

/** Keeps up with the process table. */
export interface ProcessObserver {
  /** A process as a scan found it. */
  adopt(facts: ProcessFacts): void
  /** One event, in the order of the records. */
  learn(event: ProcessEvent): void
}

const CLUSTER_SEPARATOR = '::'

/** `<cluster>::<name>`; the name alone without a cluster, or when it has a prefix already. */
export function withCluster(name: string, cluster: string): string {
  if (cluster === '' || name.includes(CLUSTER_SEPARATOR)) return name
  return cluster + CLUSTER_SEPARATOR + name
}

/** The part of a service name before `::`; empty when it has none. Rule of `access_log.exclude_cluster`. */
export function clusterOf(service: string): string {
  const end = service.indexOf(CLUSTER_SEPARATOR)
  return end < 0 ? '' : service.slice(0, end)
}

/** The exclude rule that filters all logs of a workload; `undefined` when none does. */
export function exclusionOf(
  workload: Workload,
  clusters: ReadonlySet<string>,
): 'exclude_cluster' | undefined {
  const cluster = clusterOf(workload.service)
  return cluster !== '' && clusters.has(cluster) ? 'exclude_cluster' : undefined
}
