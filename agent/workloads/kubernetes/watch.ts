/** Whom to watch on a node of a cluster: the processes of its pods, but for those that a rule excludes. */
import { NO_DIFFERENCE, type TargetDifference } from '../plan.ts'
import type { TargetWatch } from '../watch.ts'
import {
  clusterOf,
  type ProcessEvent,
  type Workload,
  type WorkloadDirectory,
  type WorkloadHint,
} from '../workload.ts'
import { ExcludedCgroups } from './excluded-cgroups.ts'
import type { PodCgroups } from './pod-cgroups.ts'
import type { PodFacts } from './pod.ts'
import type { PodName, Pods } from './pods.ts'
import type { PlacedProcess, PlacedProcesses } from './processes.ts'

/** Why records of a process are filtered, in the order in which the rules are asked. */
export type PodRule =
  'own_process' | 'unidentified' | 'not_in_pod' | 'unknown_pod' | 'exclude_namespace' | 'exclude_cluster'

export interface ExcludeRules {
  namespaces: ReadonlySet<string>
  /** Cluster parts (before `::`) of service names. */
  clusters: ReadonlySet<string>
}

export interface PodWatchOptions {
  processes: PlacedProcesses
  pods: Pods
  podCgroups: PodCgroups
  exclude: ExcludeRules
  /** Never watched: the agent. The helper excludes itself. */
  ownPids: readonly number[]
}

/** What the node's processes amount to, for the status. */
export interface WorkloadCounts {
  processes: number
  containers: number
  pods: number
  /** Processes that are not captured. */
  excluded: Partial<Record<PodRule, number>>
}

/**
 * The kernel watches whom it is not told to ignore, so that a new process of a pod is seen from its first call. It
 * inherits `ignore` at fork and drops it at exec, which it reports: then the process is decided on anew, by the cgroup
 * that it is in now. In cgroups of pods that a rule excludes it decides so by itself; what it captures in others of a
 * process that is not wanted, until it is told, is filtered here.
 */
export class PodWatch implements TargetWatch, WorkloadDirectory {
  readonly watchUnlisted = true
  readonly #processes: PlacedProcesses
  readonly #pods: Pods
  readonly #podCgroups: PodCgroups
  readonly #excluded: ExcludedCgroups
  readonly #ownPids: ReadonlySet<number>
  #exclude: ExcludeRules
  /** Of this life of the helper and the one before. */
  #helperPids: number[] = []
  /** Processes that the kernel was told to ignore. */
  readonly #ignored = new Set<number>()
  #changes = new Map<number, 'ignore' | 'forget'>()
  /** By pid, what {@link identify} and {@link filterOf} last answered. */
  readonly #answers = new Map<number, string>()

  constructor({ processes, pods, podCgroups, exclude, ownPids }: PodWatchOptions) {
    this.#processes = processes
    this.#pods = pods
    this.#podCgroups = podCgroups
    this.#excluded = new ExcludedCgroups(podCgroups)
    this.#exclude = exclude
    this.#ownPids = new Set(ownPids)
  }

  /** For the next {@link refresh}. */
  setExclude(exclude: ExcludeRules): void {
    this.#exclude = exclude
  }

  begin(helperPid?: number): TargetDifference {
    if (helperPid !== undefined) this.#helperPids = [helperPid, ...this.#helperPids.slice(0, 1)]
    this.#processes.scan()
    this.#ignored.clear()
    this.#changes.clear()
    this.#excluded.begin()
    this.#decideAll()
    return this.takeDifference()
  }

  /** Says again whom to ignore: an event that was lost may have told that the kernel had forgotten it. */
  reconcile(): TargetDifference {
    const unknown = this.#scan()
    const living = new Set([...this.#processes.living()].map(([pid]) => pid))
    for (const pid of this.#answers.keys()) if (!living.has(pid)) this.#answers.delete(pid)
    for (const pid of this.#ignored) if (!living.has(pid)) this.#ignored.delete(pid)
    const before = new Set(this.#ignored)
    this.#decideAll()
    for (const pid of before) if (this.#ignored.has(pid)) this.#changes.set(pid, 'ignore')
    this.#release(unknown)
    return this.takeDifference()
  }

  look(): TargetDifference {
    this.#excluded.look()
    return this.takeDifference()
  }

  observe(events: Iterable<ProcessEvent>): TargetDifference {
    for (const event of events) {
      this.#processes.learn(event)
      if (event.kind === 'exec') this.#execed(event)
      else if (event.kind === 'exit') this.#forget(event.pid)
    }
    return this.takeDifference()
  }

  filterOf(pid: number, hint: WorkloadHint): PodRule | undefined {
    const process = this.#processes.locate(pid, hint)
    this.#reconsider(pid, process, false)
    const rule = this.#ruleOf(pid, process)
    this.#answers.set(pid, this.#answerOf(pid, process))
    return rule
  }

  identify(pid: number, hint: WorkloadHint): Workload | undefined {
    const process = this.#processes.locate(pid, hint)
    const name = this.#nameOf(process)
    if (name === undefined) return undefined
    const { service, pod, container } = name
    return { service, pod, container, process: process.comm || hint.comm, pid }
  }

  /** The pod that a process is in; undefined when it is in none that is known. */
  podOf(pid: number, hint: WorkloadHint): PodFacts | undefined {
    const { place } = this.#processes.locate(pid, hint)
    return place ? this.#pods.podAt(place) : undefined
  }

  takeDifference(): TargetDifference {
    const cgroups = this.#excluded.takeDifference()
    if (this.#changes.size === 0 && cgroups === undefined) return NO_DIFFERENCE
    const changes = [...this.#changes]
    this.#changes = new Map()
    const pidsOf = (wanted: 'ignore' | 'forget') =>
      changes.flatMap(([pid, change]) => (change === wanted ? pid : []))
    const pids = { watch: [], ignore: pidsOf('ignore'), forget: pidsOf('forget') }
    return cgroups === undefined ? pids : { ...pids, cgroups }
  }

  /**
   * Decides anew after pods, Services or rules changed; the difference is collected.
   * @param scan looks for processes that no event told of: after a change of the rules
   * @param all everything that was answered is taken back
   * @returns processes for which {@link identify} or {@link filterOf} would now answer otherwise
   */
  refresh(scan: boolean, all = false): number[] {
    let unknown = scan ? this.#scan() : []
    this.#decideAll()
    if (!scan && [...this.#changes.values()].includes('forget')) {
      unknown = this.#scan() // what those have forked meanwhile
      this.#decideAll()
    }
    this.#release(unknown)
    const stale: number[] = []
    for (const [pid, process] of this.#processes.living()) {
      const answered = this.#answers.get(pid)
      if (answered === undefined || (!all && answered === this.#answerOf(pid, process))) continue
      this.#answers.delete(pid)
      stale.push(pid)
    }
    return stale
  }

  counts(): WorkloadCounts {
    const containers = new Set<string>()
    const pods = new Set<string>()
    const counts: WorkloadCounts = { processes: 0, containers: 0, pods: 0, excluded: {} }
    for (const [pid, process] of this.#processes.living()) {
      const rule = this.#ruleOf(pid, process)
      if (rule !== undefined) {
        counts.excluded[rule] = (counts.excluded[rule] ?? 0) + 1
        continue
      }
      counts.processes += 1
      const pod = process.place ? this.#pods.podAt(process.place) : undefined
      if (pod !== undefined) pods.add(pod.uid)
      if (process.place?.containerId !== undefined) containers.add(process.place.containerId)
    }
    return { ...counts, containers: containers.size, pods: pods.size }
  }

  #decideAll(): void {
    for (const [pid, process] of this.#processes.living()) {
      const uid = process.place?.podUid
      if (uid !== undefined && this.#podCgroups.idOf(uid) === undefined)
        this.#podCgroups.see(uid, process.cgroupId)
      this.#reconsider(pid, process, false)
    }
    this.#excluded.set(this.#excludedPods())
  }

  /** @returns processes that no event told of */
  #scan(): number[] {
    const known = new Set([...this.#processes.living()].map(([pid]) => pid))
    this.#processes.scan()
    return [...this.#processes.living()].flatMap(([pid]) => (known.has(pid) ? [] : pid))
  }

  /** Those that are wanted: a process that was ignored has forked them, and so they are ignored too. */
  #release(pids: readonly number[]): void {
    for (const pid of pids)
      if (!this.#ignored.has(pid) && !this.#changes.has(pid)) this.#changes.set(pid, 'forget')
  }

  #execed({ pid, comm, cgroupId, ignored }: ProcessEvent): void {
    const process = this.#processes.locate(pid, { comm, cgroupId })
    if (ignored) return this.#keepIgnored(pid, process)
    this.#reconsider(pid, process, true)
    const rule = this.#ruleOf(pid, process)
    const uid = process.place?.podUid
    const isExcluded = rule === 'exclude_namespace' || rule === 'exclude_cluster'
    if (isExcluded && uid !== undefined) this.#excluded.see(uid, process.cgroupId)
  }

  /** The kernel has decided by the cgroup; rules may have changed since. */
  #keepIgnored(pid: number, process: PlacedProcess): void {
    this.#answers.delete(pid)
    this.#changes.delete(pid)
    this.#ignored.add(pid)
    if (this.#ruleOf(pid, process) === undefined) this.#reconsider(pid, process, false)
  }

  #excludedPods(): Set<string> {
    const excluded = new Set<string>()
    const all = new Set<string>()
    for (const pod of this.#pods.all()) {
      all.add(pod.cgroupUid)
      if (this.#exclusionOf(pod.namespace, this.#pods.serviceOf(pod)) !== undefined)
        excluded.add(pod.cgroupUid)
    }
    this.#podCgroups.keep(all)
    return excluded
  }

  /** @param execed the kernel has forgotten what it was told */
  #reconsider(pid: number, process: PlacedProcess, execed: boolean): void {
    const rule = this.#ruleOf(pid, process)
    if (execed) this.#forget(pid)
    // Of a process that could not be placed nothing is known that would hold for the next with its number.
    const isUnwanted = rule !== undefined && rule !== 'unidentified'
    const ignore = isUnwanted && !process.gone
    if (ignore === this.#ignored.has(pid)) return
    if (ignore) this.#ignored.add(pid)
    else this.#ignored.delete(pid)
    this.#changes.set(pid, ignore ? 'ignore' : 'forget')
  }

  #forget(pid: number): void {
    this.#answers.delete(pid)
    if (this.#ignored.delete(pid)) this.#changes.set(pid, 'forget')
  }

  #ruleOf(pid: number, process: PlacedProcess): PodRule | undefined {
    if (this.#ownPids.has(pid) || this.#helperPids.includes(pid)) return 'own_process'
    if (process.place === undefined) return 'unidentified'
    if (process.place === null) return 'not_in_pod'
    const name = this.#nameOf(process)
    if (name === undefined) return 'unknown_pod'
    return this.#exclusionOf(name.namespace, name.service)
  }

  #exclusionOf(namespace: string, service: string): PodRule | undefined {
    if (this.#exclude.namespaces.has(namespace)) return 'exclude_namespace'
    return this.#exclude.clusters.has(clusterOf(service)) ? 'exclude_cluster' : undefined
  }

  #nameOf({ place }: PlacedProcess): PodName | undefined {
    return place ? this.#pods.nameAt(place) : undefined
  }

  #answerOf(pid: number, process: PlacedProcess): string {
    const name = this.#nameOf(process)
    return [this.#ruleOf(pid, process) ?? '', name?.service, name?.pod, name?.container].join('|')
  }
}
