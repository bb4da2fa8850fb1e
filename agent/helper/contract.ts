/** What a helper process is given, and what it tells its owner. */
import type { AccessLogError } from '../errors.ts'
import type { Batch, Counters, Library, Problem, Processes } from './gen/wire.ts'

/** How long each answer may take. */
export interface Deadlines {
  helloMs: number
  /** CONFIGURE to READY: programs are loaded and sockets scanned, which takes seconds on a slow machine. */
  readyMs: number
  countersMs: number
  /** SHUTDOWN to the end of the process. */
  shutdownMs: number
  /** A fatal PROBLEM to the end of the process. */
  lastWordsMs: number
}

export const DEADLINES: Deadlines = {
  helloMs: 10_000,
  readyMs: 60_000,
  countersMs: 5_000,
  shutdownMs: 10_000,
  lastWordsMs: 2_000,
}

export interface HelperOptions {
  command: string
  args?: readonly string[]
  /** EVENT_LAYOUT_VERSION that the agent decodes. */
  eventLayoutVersion: number
  deadlines?: Partial<Deadlines>
}

/** Called in the order of the messages. */
export interface HelperListener {
  /** The payload is valid during the call only. */
  batch(batch: Batch): void
  /** As for a batch. */
  processes(processes: Processes): void
  /** A problem that the helper survives. */
  problem(problem: Problem): void
  /** What became of the probes in a TLS library. */
  library?(library: Library): void
  /** A line of the helper's stderr, at most 1,025 characters. */
  log(line: string): void
}

export interface HelperEnd {
  /** Why it ended; `undefined` when it was asked to and did as asked. */
  error: AccessLogError | undefined
  /** The last counters it sent. */
  counters: Counters | undefined
}
