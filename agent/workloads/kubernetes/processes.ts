/** Where in the cluster each process is, remembered beyond its end: records arrive later than exit does. */
import { parseCgroups, unifiedPath } from '../cgroup.ts'
import type { Cgroups } from '../cgroups.ts'
import type { ProcessFacts, ProcessReader } from '../processes.ts'
import { RecentMap } from '../recent.ts'
import type { ProcessEvent, ProcessObserver, WorkloadHint } from '../workload.ts'
import { type Place, placeOf, placeOfPath } from './container.ts'

/** A process of the node. */
export interface PlacedProcess {
  /** Name of the process, at most 15 bytes. */
  comm: string
  /** `null`: in no pod. `undefined`: it is gone, and so is what could have told. */
  place: Place | null | undefined
  /** 0 when unknown. */
  cgroupId: number
  /** It ended; its number may be given to another. */
  gone: boolean
}

export interface PlacedProcessesOptions {
  reader: ProcessReader
  cgroups: Cgroups
  /** Processes remembered, living and gone. */
  capacity?: number
}

/** How often places were found, and where. */
export interface PlaceCounters {
  /** Read from /proc. */
  live: number
  /** The cgroup told, by its id; the process may be gone. */
  byCgroup: number
  /** Nothing told. */
  unknown: number
}

export class PlacedProcesses implements ProcessObserver {
  readonly #reader: ProcessReader
  readonly #cgroups: Cgroups
  readonly #known: RecentMap<number, PlacedProcess>
  readonly #counters: PlaceCounters = { live: 0, byCgroup: 0, unknown: 0 }

  constructor({ reader, cgroups, capacity = 16_384 }: PlacedProcessesOptions) {
    this.#reader = reader
    this.#cgroups = cgroups
    this.#known = new RecentMap(capacity)
  }

  get counters(): Readonly<PlaceCounters> {
    return this.#counters
  }

  /** Processes that have not ended, as far as events and scans tell. */
  *living(): Generator<[pid: number, process: PlacedProcess]> {
    for (const entry of this.#known.entries()) if (!entry[1].gone) yield entry
  }

  /** Scans /proc: every process is placed, what is not there any more is gone. Throws when /proc is unreadable. */
  scan(): void {
    const processes = this.#reader.scan()
    const pids = new Set(processes.map(({ pid }) => pid))
    for (const [pid, process] of this.#known.entries()) if (!pids.has(pid)) process.gone = true
    for (const facts of processes) this.adopt(facts)
  }

  adopt({ pid, name, cgroups }: ProcessFacts): void {
    const { place, cgroupId } = this.#placeOfText(cgroups)
    this.#remember(pid, { comm: name, place, cgroupId, gone: false })
  }

  learn({ kind, pid, parent, comm, cgroupId }: ProcessEvent): void {
    if (kind === 'exec') this.#resolve(pid, comm, cgroupId)
    else if (kind === 'fork') this.#inherit(pid, parent, cgroupId)
    else this.#depart(pid)
  }

  /** The process that a record tells of: by its number if that is still its own, by its cgroup otherwise. */
  locate(pid: number, { comm, cgroupId }: WorkloadHint): PlacedProcess {
    const known = this.#known.get(pid)
    const isCurrent = known !== undefined && isCompatible(known, cgroupId)
    if (isCurrent && !(known.gone && this.#reader.exists(pid))) return known
    const found = this.#resolve(pid, this.#reader.name(pid) || comm, cgroupId)
    // What /proc shows now may be the zombie as well as its successor, so the number stays in doubt until an exec.
    if (known?.gone) this.#depart(pid)
    return found
  }

  /** Asks in the order of cost: a cgroup seen before, the process itself, a walk over all cgroups. */
  #resolve(pid: number, comm: string, cgroupId: number): PlacedProcess {
    const seen = this.#cgroups.seen(cgroupId)
    if (isTelling(seen)) return this.#byPath(pid, comm, seen, cgroupId)
    const text = this.#reader.cgroups(pid)
    const live = this.#placeOfText(text)
    if (text !== '' && isCompatible(live, cgroupId)) {
      this.#counters.live += 1
      return this.#remember(pid, {
        comm,
        place: live.place,
        cgroupId: live.cgroupId || cgroupId,
        gone: false,
      })
    }
    const path = this.#cgroups.pathOf(cgroupId)
    if (isTelling(path)) return this.#byPath(pid, comm, path, cgroupId)
    this.#counters.unknown += 1
    return { comm, place: undefined, cgroupId, gone: text === '' }
  }

  #byPath(pid: number, comm: string, path: string, cgroupId: number): PlacedProcess {
    this.#counters.byCgroup += 1
    return this.#remember(pid, { comm, place: placeOfPath(path) ?? null, cgroupId, gone: false })
  }

  #inherit(pid: number, parent: number, cgroupId: number): void {
    const origin = this.#known.get(parent)
    if (origin === undefined || !isCompatible(origin, cgroupId)) this.#known.delete(pid)
    else this.#remember(pid, { ...origin, gone: false })
  }

  #depart(pid: number): void {
    const known = this.#known.get(pid)
    if (known !== undefined) known.gone = true
  }

  #remember(pid: number, process: PlacedProcess): PlacedProcess {
    this.#known.set(pid, process)
    return process
  }

  #placeOfText(text: string): { place: Place | null; cgroupId: number } {
    const lines = parseCgroups(text)
    const path = unifiedPath(lines)
    // From a cgroup namespace the path is relative: no folder of the mount has it.
    const isAbsolute = path !== undefined && !path.startsWith('/..')
    return { place: placeOf(lines) ?? null, cgroupId: isAbsolute ? this.#cgroups.learn(path) : 0 }
  }
}

/** The root says nothing: where v2 is not in use, everything is there. */
function isTelling(path: string | undefined): path is string {
  return path !== undefined && path !== '/'
}

function isCompatible(known: { cgroupId: number }, cgroupId: number): boolean {
  return known.cgroupId === 0 || cgroupId === 0 || known.cgroupId === cgroupId
}
