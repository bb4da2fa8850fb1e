/** The process table kept up to date: /proc and PROCESS events in, names and target differences out. */
import { NO_DIFFERENCE, TargetPlan, type Decision, type TargetDifference, type WatchOptions } from './plan.ts'
import type { ProcessReader } from './processes.ts'
import type { ProcessEvent, ProcessObserver, WorkloadHint } from './workload.ts'

/** Decides whom to watch, for the pipeline. Standalone and Kubernetes each have one. */
export interface TargetWatch {
  /** For CONFIGURE: whether the kernel watches processes that no difference names. */
  readonly watchUnlisted: boolean
  /** What a new helper must be told. @param helperPid never watched */
  begin(helperPid?: number): TargetDifference
  /** The safety net for lost events, to be called now and then, and once after a helper is ready. */
  reconcile(): TargetDifference
  /** What no event tells and must be known at once; to be called many times a second. */
  look(): TargetDifference
  /** Takes in events in their order and returns what the helper must be told because of them. */
  observe(events: Iterable<ProcessEvent>): TargetDifference
  /** The rule by which records of a process are filtered; undefined: they are wanted. */
  filterOf(pid: number, hint: WorkloadHint): string | undefined
  /** What {@link filterOf} found out since the last difference. */
  takeDifference(): TargetDifference
}

export interface ProcessWatchOptions extends WatchOptions {
  reader: ProcessReader
  directory: ProcessObserver
}

/** The edge around {@link TargetPlan}: it reads /proc where the plan needs more than an event tells. */
export class ProcessWatch implements TargetWatch {
  readonly #plan: TargetPlan
  readonly #reader: ProcessReader
  readonly #directory: ProcessObserver
  /** A pattern is matched against the command line, which no event carries. */
  readonly #needsCommandLine: boolean

  constructor({ reader, directory, ...options }: ProcessWatchOptions) {
    this.#plan = new TargetPlan(options)
    this.#reader = reader
    this.#directory = directory
    this.#needsCommandLine = options.process !== undefined
  }

  /** For CONFIGURE. */
  get watchUnlisted(): boolean {
    return this.#plan.watchUnlisted
  }

  /**
   * Scans /proc, names every process and returns what a new helper must be told. To be called before each helper
   * is configured. Throws when the folder of processes cannot be read at all.
   * @param helperPid never watched
   */
  begin(helperPid?: number): TargetDifference {
    if (helperPid !== undefined) this.#plan.exempt(helperPid)
    this.#scan()
    return this.#plan.snapshot()
  }

  /** The safety net for lost events, to be called now and then, and once after a helper is ready. */
  reconcile(): TargetDifference {
    if (!this.#plan.selective) return NO_DIFFERENCE
    this.#scan()
    return this.#plan.takeDifference()
  }

  look(): TargetDifference {
    return NO_DIFFERENCE
  }

  /** Takes in events in their order and returns what the helper must be told because of them. */
  observe(events: Iterable<ProcessEvent>): TargetDifference {
    for (const event of events) {
      this.#directory.learn(event)
      const wantsCommandLine = this.#needsCommandLine && event.kind === 'exec'
      this.#plan.apply(event, wantsCommandLine ? this.#reader.commandLine(event.pid) : '')
    }
    return this.#plan.takeDifference()
  }

  /** Whether records of a process are wanted; may read /proc once per process. Records of others are filtered. */
  decide(pid: number, comm: string): Decision {
    const decision = this.#plan.decide(pid, comm)
    return decision === 'pending' ? this.#plan.settle(pid, comm, this.#reader.commandLine(pid)) : decision
  }

  filterOf(pid: number, { comm }: WorkloadHint): string | undefined {
    return this.decide(pid, comm) === 'ignore' ? 'process' : undefined
  }

  /** What {@link decide} found out since the last difference. */
  takeDifference(): TargetDifference {
    return this.#plan.takeDifference()
  }

  #scan(): void {
    const processes = this.#reader.scan()
    for (const facts of processes) this.#directory.adopt(facts)
    this.#plan.reconcile(processes)
  }
}
