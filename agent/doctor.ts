/** `accesslog-agent doctor` and `check --pid`: process by process, which TLS libraries were found and what became of them. */
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import type { DoctorCommand } from './config/cli.ts'
import { accessLogError, reasonOf } from './errors.ts'
import { helperPath } from './helper/path.ts'

/** What `accesslog-helper --inspect` prints. */
export interface Inspection {
  /** How probes are attached: uprobe_multi or perf_event. */
  method: string
  processes: InspectedProcess[]
}

export interface InspectedProcess {
  pid: number
  name: string
  libraries: InspectedLibrary[]
}

export interface InspectedLibrary {
  /** As the process sees it. */
  path: string
  library: string
  /** Empty when it does not say. */
  version: string
  /** `detached`: it was only looked at. */
  status: 'attached' | 'failed' | 'detached'
  /** Why it failed. */
  reason: string
  /** Places where probes hang, or would. */
  probes: number
}

/** By pid, the protocols seen, for example `HTTP/1 over TLS`. */
export type SeenProtocols = ReadonlyMap<number, ReadonlySet<string>>

const INSPECT_DEADLINE_MS = 60_000
const OUTPUT_MAX_BYTES = 64 * 1024 * 1024
/** Starting and ending a run. */
const RUN_MARGIN_MS = 60_000

/** Prints the report to standard output. Returns the exit code. */
export async function doctor(command: DoctorCommand): Promise<number> {
  const inspection = await inspect(command.pid)
  const seen = await watch(command)
  process.stdout.write(
    command.json ? `${JSON.stringify(withSeen(inspection, seen))}\n` : report(inspection, seen),
  )
  return 0
}

async function inspect(pid: number | undefined): Promise<Inspection> {
  const path = helperPath(process.env)
  const args = ['--inspect', pid === undefined ? 'all' : String(pid)]
  try {
    const options = { timeout: INSPECT_DEADLINE_MS, maxBuffer: OUTPUT_MAX_BYTES }
    const { stdout } = await promisify(execFile)(path, args, options)
    return JSON.parse(stdout) as Inspection
  } catch (error) {
    const { code } = error as { code?: unknown }
    if (code === 'ENOENT' || code === 'EACCES')
      throw accessLogError('HELPER_MISSING', { path }, { cause: error })
    throw accessLogError('HELPER_CRASHED', { reason: reasonOf(error) }, { cause: error })
  }
}

/** A run of the agent itself, which takes part in nothing and is over after the time. */
async function watch({ pid, durationMs }: DoctorCommand): Promise<SeenProtocols | undefined> {
  if (durationMs === undefined) return undefined
  const target = pid === undefined ? [] : ['--pid', String(pid)]
  const output = ['--output', 'json', '--backend', 'none', '--duration', `${durationMs}ms`]
  const args = [process.argv[1] ?? '', 'run', '--standalone', ...output, ...target]
  try {
    const options = { timeout: durationMs + RUN_MARGIN_MS, maxBuffer: OUTPUT_MAX_BYTES }
    const { stdout } = await promisify(execFile)(process.execPath, args, options)
    return protocolsIn(stdout)
  } catch (error) {
    throw accessLogError('HELPER_CRASHED', { reason: reasonOf(error) }, { cause: error })
  }
}

/** @param lines the output of `run --output json` */
export function protocolsIn(lines: string): Map<number, Set<string>> {
  const seen = new Map<number, Set<string>>()
  for (const text of lines.split('\n')) {
    if (text === '') continue
    const log = JSON.parse(text) as { protocol?: string; tls?: boolean; local?: { pid?: number } }
    const pid = log.local?.pid
    if (pid === undefined || log.protocol === undefined) continue
    const protocols = seen.get(pid) ?? new Set()
    seen.set(pid, protocols.add(log.tls ? `${log.protocol} over TLS` : log.protocol))
  }
  return seen
}

function withSeen({ method, processes }: Inspection, seen: SeenProtocols | undefined): object {
  if (seen === undefined) return { method, processes }
  return {
    method,
    processes: processes.map((one) => ({ ...one, protocols: [...(seen.get(one.pid) ?? [])] })),
  }
}

const STATUS = { attached: 'probed', failed: 'not', detached: 'can be probed' }

/** The table for people, ending in a line feed. */
export function report({ method, processes }: Inspection, seen?: SeenProtocols): string {
  const rows = processes.flatMap((one) => rowsOf(one, seen))
  const all = [['PID', 'PROCESS', 'LIBRARY', 'VERSION', 'STATUS', 'PROTOCOLS', 'FILE OR REASON'], ...rows]
  const widths = all[0]!.map((_, column) => Math.max(...all.map((row) => row[column]!.length)))
  const lines = all.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column]!))
      .join('  ')
      .trimEnd(),
  )
  return [`probes by ${method}`, ...lines, ''].join('\n')
}

function rowsOf({ pid, name, libraries }: InspectedProcess, seen: SeenProtocols | undefined): string[][] {
  const protocols = seen === undefined ? '-' : [...(seen.get(pid) ?? [])].sort().join(', ') || 'none'
  const head = [String(pid), name]
  if (libraries.length === 0)
    return [[...head, '-', '-', 'not', protocols, 'no TLS library that is known was found']]
  return libraries.map(({ path, library, version, status, reason, probes }) => [
    ...head,
    library,
    version || '-',
    status === 'failed' ? STATUS.failed : `${STATUS[status]} (${probes})`,
    protocols,
    reason === '' ? path : `${reason}: ${path}`,
  ])
}
