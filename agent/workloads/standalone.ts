/** Names without a cluster: service = systemd unit or process name, pod = host name, no container. */
import { parseCgroups, serviceName, systemdService, systemdServiceOf, unifiedPath } from './cgroup.ts'
import type { Cgroups } from './cgroups.ts'
import type { ProcessFacts, ProcessReader } from './processes.ts'
import { RecentMap } from './recent.ts'
import {
  withCluster,
  type ProcessEvent,
  type ProcessObserver,
  type Workload,
  type WorkloadDirectory,
  type WorkloadHint,
} from './workload.ts'

export interface StandaloneOptions {
  hostName: string
  /** Prefix of every service; empty for none. */
  clusterName: string
  reader: ProcessReader
  cgroups: Cgroups
  /** Processes remembered, living and gone. */
  capacity?: number
}

/** How often identities were found, and where. */
export interface DirectoryCounters {
  /** Read from /proc. */
  live: number
  /** The process was gone; its cgroup told the service. */
  byCgroup: number
  /** The process was gone and its cgroup told nothing; the name in the record was used. */
  byName: number
  /** Nothing is known; the record has no name. */
  unidentified: number
  /** Forgotten because the directory was full. */
  evicted: number
}

interface Identity {
  workload: Workload
  /** 0 when unknown. */
  cgroupId: number
  /** It ended; its number may be given to another. */
  gone: boolean
}

/** Who processes are, remembered beyond their end: records arrive later than exit does. */
export class StandaloneDirectory implements WorkloadDirectory, ProcessObserver {
  readonly #options: StandaloneOptions
  readonly #identities: RecentMap<number, Identity>
  readonly #counters = { live: 0, byCgroup: 0, byName: 0, unidentified: 0 }

  constructor(options: StandaloneOptions) {
    this.#options = options
    this.#identities = new RecentMap(options.capacity ?? 16_384)
  }

  get counters(): DirectoryCounters {
    return { ...this.#counters, evicted: this.#identities.evicted }
  }

  /** A process of a scan. */
  adopt(facts: ProcessFacts): void {
    const { unit, cgroupId } = this.#unitOfText(facts.cgroups)
    this.#remember(facts.pid, facts.name, unit, cgroupId)
  }

  /** Takes in one event: a child is who its parent is until it executes a program of its own. */
  learn({ kind, pid, parent, comm, cgroupId }: ProcessEvent): void {
    if (kind === 'exec') this.#resolve(pid, comm, cgroupId)
    else if (kind === 'fork') this.#inherit(pid, parent, cgroupId)
    else this.#depart(pid)
  }

  identify(pid: number, { comm, cgroupId }: WorkloadHint): Workload | undefined {
    const known = this.#identities.get(pid)
    const isCurrent = known !== undefined && isCompatible(known, cgroupId)
    if (isCurrent && !(known.gone && this.#options.reader.exists(pid))) return known.workload
    const workload = this.#resolve(pid, this.#options.reader.name(pid) || comm, cgroupId)
    // What /proc shows now may be the zombie as well as its successor, so the number stays in doubt until an exec.
    if (known?.gone) this.#depart(pid)
    return workload
  }

  #inherit(pid: number, parent: number, cgroupId: number): void {
    const origin = this.#identities.get(parent)
    if (origin === undefined || !isCompatible(origin, cgroupId)) this.#identities.delete(pid)
    else this.#identities.set(pid, { ...origin, workload: { ...origin.workload, pid }, gone: false })
  }

  /** What is known stays for the records that are still on the way. */
  #depart(pid: number): void {
    const known = this.#identities.get(pid)
    if (known !== undefined) known.gone = true
  }

  /**
   * Asks in the order of cost: an id seen before, the process itself, a walk over all cgroups. A living process in
   * another cgroup than the record's has moved, or has the number of one that is gone: the record's cgroup counts.
   */
  #resolve(pid: number, comm: string, cgroupId: number): Workload | undefined {
    const { reader, cgroups } = this.#options
    const seen = cgroups.seen(cgroupId)
    if (isTelling(seen)) return this.#byPath(pid, comm, seen, cgroupId)
    const text = reader.cgroups(pid)
    const live = this.#unitOfText(text)
    if (text !== '' && isCompatible(live, cgroupId)) {
      this.#counters.live += 1
      return this.#remember(pid, comm, live.unit, live.cgroupId || cgroupId)
    }
    const path = cgroups.pathOf(cgroupId)
    if (isTelling(path)) return this.#byPath(pid, comm, path, cgroupId)
    return this.#byName(pid, comm, cgroupId)
  }

  #byPath(pid: number, comm: string, path: string, cgroupId: number): Workload | undefined {
    this.#counters.byCgroup += 1
    return this.#remember(pid, comm, systemdService(path), cgroupId)
  }

  #byName(pid: number, comm: string, cgroupId: number): Workload | undefined {
    if (comm === '') this.#counters.unidentified += 1
    else this.#counters.byName += 1
    return this.#remember(pid, comm, undefined, cgroupId)
  }

  #unitOfText(text: string): { unit: string | undefined; cgroupId: number } {
    const lines = parseCgroups(text)
    const path = unifiedPath(lines)
    const cgroupId = path === undefined ? 0 : this.#options.cgroups.learn(path)
    return { unit: systemdServiceOf(lines), cgroupId }
  }

  #remember(pid: number, comm: string, unit: string | undefined, cgroupId: number): Workload | undefined {
    const name = (unit && serviceName(unit)) || comm
    if (name === '') return undefined
    const { hostName, clusterName } = this.#options
    const service = withCluster(name, clusterName)
    const workload: Workload = { service, pod: hostName, container: '', process: comm, pid }
    this.#identities.set(pid, { workload, cgroupId, gone: false })
    return workload
  }
}

/** The root says nothing: without systemd in v2, everything is there. */
function isTelling(path: string | undefined): path is string {
  return path !== undefined && path !== '/'
}

function isCompatible(known: { cgroupId: number }, cgroupId: number): boolean {
  return known.cgroupId === 0 || cgroupId === 0 || known.cgroupId === cgroupId
}
