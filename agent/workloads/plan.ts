/** Which processes to watch: the options, the process table and its events in, target differences out. Pure. */
import type { ProcessFacts } from './processes.ts'
import { RecentMap } from './recent.ts'
import type { ProcessEvent } from './workload.ts'

export interface WatchOptions {
  /** Processes to watch with all they start, whatever it is called (`--pid`). */
  pids: readonly number[]
  /** Matched against name and command line of every process (`--process`). */
  process: RegExp | undefined
  /** Never watched, with all they start: the agent. The helper excludes itself. */
  ownPids: readonly number[]
}

export type Decision = 'watch' | 'ignore'

/** A difference of the target set, each pid in one list at most. */
export interface TargetDifference {
  watch: readonly number[]
  ignore: readonly number[]
  forget: readonly number[]
  /** Ids of cgroups whose new programs the kernel is to ignore by itself; undefined: nothing changes. */
  cgroups?: { ignore: readonly number[]; forget: readonly number[] }
}

export const NO_DIFFERENCE: TargetDifference = { watch: [], ignore: [], forget: [] }

interface Entry {
  decision: Decision
  /** Watched because it or an ancestor was named by pid, so that no exec changes it. */
  byPid: boolean
  /** The helper was told; otherwise the kernel inherited the decision at fork. */
  told: boolean
  /** 0 when only events told of the process. */
  startTicks: number
}

const NAMED: Readonly<Entry> = { decision: 'watch', byPid: true, told: false, startTicks: 0 }

/** Decisions kept for processes that are gone: their last records may still be on the way. */
const DEPARTED_MAX = 8_192

/**
 * The kernel keeps the target set by itself at fork (a child inherits), at exec (who was ignored is unlisted again)
 * and at exit; what it cannot know is told by difference. With a name pattern the kernel watches what is not listed,
 * so that a matching program is seen from its first call; what comes from others until they are ignored is filtered
 * by {@link TargetPlan.decide}. With pids alone, what is not listed is not watched. Without either, everything is
 * watched and there is nothing to tell.
 */
export class TargetPlan {
  /** False: everything is watched, and neither scans nor events change that. */
  readonly selective: boolean
  /** What CONFIGURE says of processes that no difference names. */
  readonly watchUnlisted: boolean
  /** Of processes that have not ended yet. */
  readonly #pids: Set<number>
  readonly #process: RegExp | undefined
  readonly #ownPids: ReadonlySet<number>
  #helperPid = 0
  readonly #live = new Map<number, Entry>()
  readonly #departed = new RecentMap<number, Decision>(DEPARTED_MAX)
  #changes = new Map<number, Decision | 'forget'>()

  constructor({ pids, process, ownPids }: WatchOptions) {
    this.selective = pids.length > 0 || process !== undefined
    this.watchUnlisted = pids.length === 0 || process !== undefined
    this.#pids = new Set(pids)
    this.#process = process && new RegExp(process.source, process.flags.replace(/[gy]/g, ''))
    this.#ownPids = new Set(ownPids)
  }

  /** The helper in use, which is never watched whatever the options say. Replaces the one before. */
  exempt(helperPid: number): void {
    this.#helperPid = helperPid
  }

  /** Live processes with a decision. */
  get size(): number {
    return this.#live.size
  }

  /**
   * Takes in one event. The difference is collected until {@link takeDifference}.
   * @param commandLine of an exec'ed process, empty when it is gone already
   */
  apply(event: ProcessEvent, commandLine: string): void {
    if (!this.selective) return
    if (event.kind === 'fork') this.#fork(event.pid, event.parent)
    else if (event.kind === 'exit') this.#exit(event.pid)
    else this.#exec(event.pid, event.comm, commandLine)
  }

  /** Takes in a scan of the whole table: what events missed is added, told again or forgotten. */
  reconcile(processes: readonly ProcessFacts[]): void {
    if (!this.selective) return
    const byPid = new Map(processes.map((facts) => [facts.pid, facts]))
    for (const [pid, entry] of this.#live) {
      if (!isSame(entry, byPid.get(pid))) this.#exit(pid)
    }
    for (const facts of processes) this.#meet(facts, byPid)
  }

  /** Whether records of a process are wanted. `pending`: look at the process and call {@link settle}. */
  decide(pid: number, comm: string): Decision | 'pending' {
    if (this.#isOwn(pid)) return 'ignore'
    if (!this.selective) return 'watch'
    const known = this.#live.get(pid)?.decision
    if (known !== undefined) return known
    if (this.#pids.has(pid) || this.#process === undefined) return 'watch'
    return this.#process.test(comm) ? 'watch' : 'pending'
  }

  /**
   * Answers a `pending`. The decision stands until the process ends or executes another program.
   * @param commandLine empty when the process is gone: then what was decided while it lived counts
   */
  settle(pid: number, comm: string, commandLine: string): Decision {
    const gone = commandLine === '' ? this.#departed.get(pid) : undefined
    const decision = gone ?? (this.#matches(comm, commandLine) ? 'watch' : 'ignore')
    if (commandLine !== '') this.#tell(pid, { decision, byPid: false, told: false, startTicks: 0 })
    return decision
  }

  /** The collected difference, which is the caller's to send. */
  takeDifference(): TargetDifference {
    if (this.#changes.size === 0) return NO_DIFFERENCE
    const changes = [...this.#changes]
    this.#changes = new Map()
    const pidsOf = (wanted: Decision | 'forget') =>
      changes.flatMap(([pid, change]) => (change === wanted ? pid : []))
    return { watch: pidsOf('watch'), ignore: pidsOf('ignore'), forget: pidsOf('forget') }
  }

  /** The whole target set, for a helper that knows nothing. Replaces what was collected. */
  snapshot(): TargetDifference {
    this.#changes = new Map()
    for (const entry of this.#live.values()) entry.told = true
    const pidsOf = (wanted: Decision) =>
      [...this.#live].flatMap(([pid, { decision }]) => (decision === wanted ? pid : []))
    return { watch: pidsOf('watch'), ignore: pidsOf('ignore'), forget: [] }
  }

  #fork(pid: number, parent: number): void {
    this.#departed.delete(pid)
    const inherited = this.#pids.has(parent) ? NAMED : this.#live.get(parent)
    if (inherited === undefined) this.#live.delete(pid)
    else this.#live.set(pid, { ...inherited, told: false, startTicks: 0 })
  }

  /** A process that was told may have been told after its end: then only `forget` frees the number for another. */
  #exit(pid: number): void {
    this.#pids.delete(pid)
    const entry = this.#live.get(pid)
    if (entry === undefined) return
    this.#live.delete(pid)
    this.#departed.set(pid, entry.decision)
    if (entry.told) this.#changes.set(pid, 'forget')
  }

  /** The kernel forgets at exec that a process is ignored, so that this event comes and no program hides. */
  #exec(pid: number, comm: string, commandLine: string): void {
    const before = this.#live.get(pid)
    if (this.#process === undefined || this.#isOwn(pid) || this.#pids.has(pid) || before?.byPid) return
    const decision = this.#matches(comm, commandLine) ? 'watch' : 'ignore'
    if (decision === 'watch' && before?.decision === 'watch') return
    this.#tell(pid, { decision, byPid: false, told: false, startTicks: before?.startTicks ?? 0 })
  }

  /** A process of a scan. One that was inherited is told as well: its fork may have come before the parent was told. */
  #meet(facts: ProcessFacts, byPid: ReadonlyMap<number, ProcessFacts>): void {
    const { pid, startTicks } = facts
    if (this.#isOwn(pid)) return
    const known = this.#live.get(pid)
    const entry = known?.byPid ? known : (this.#byAncestor(facts, byPid) ?? this.#byName(facts))
    if (known?.told && known.decision === entry?.decision) known.startTicks = startTicks
    else if (entry !== undefined) this.#tell(pid, { ...entry, startTicks })
  }

  #byName({ name, commandLine }: ProcessFacts): Entry | undefined {
    if (this.#process === undefined) return undefined
    const decision = this.#matches(name, commandLine) ? 'watch' : 'ignore'
    return { decision, byPid: false, told: false, startTicks: 0 }
  }

  /** Watched because the process itself or an ancestor was named by pid. */
  #byAncestor(facts: ProcessFacts, byPid: ReadonlyMap<number, ProcessFacts>): Entry | undefined {
    const seen = new Set<number>()
    for (let at: ProcessFacts | undefined = facts; at && !seen.has(at.pid); at = byPid.get(at.parent)) {
      const isNamed = this.#pids.has(at.pid) || this.#live.get(at.pid)?.byPid
      if (isNamed) return NAMED
      seen.add(at.pid)
    }
    return undefined
  }

  #isOwn(pid: number): boolean {
    return this.#ownPids.has(pid) || pid === this.#helperPid
  }

  #tell(pid: number, entry: Entry): void {
    this.#live.set(pid, { ...entry, told: true })
    this.#changes.set(pid, entry.decision)
  }

  #matches(comm: string, commandLine: string): boolean {
    return this.#process !== undefined && (this.#process.test(comm) || this.#process.test(commandLine))
  }
}

/** False when the number is free or was given to another process. */
function isSame(entry: Entry, facts: ProcessFacts | undefined): boolean {
  return facts !== undefined && (entry.startTicks === 0 || entry.startTicks === facts.startTicks)
}
