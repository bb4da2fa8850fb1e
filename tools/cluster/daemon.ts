/**
 * A daemon of a cluster. It outlives the process that starts it, so whoever comes later must know it by its id: the
 * cluster's folder has a file for each, with the time of its start, because ids are used again.
 */
import { type StdioOptions, spawn } from 'node:child_process'
import { mkdirSync, openSync, closeSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { until } from './until.ts'

/**
 * Of daemons and what they start. Not ours: `npm run` puts node_modules/.bin first, where a package of JavaScript tools
 * has an `nft`, and kube-proxy would take it.
 */
export const SYSTEM_ENVIRONMENT = { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' }

const STOP_DEADLINE_MS = 10_000
const KILL_DEADLINE_MS = 5_000
const LOG_TAIL_BYTES = 4_000

export interface DaemonSpec {
  /** Also the name of its log file and process file. */
  name: string
  command: string
  args: readonly string[]
  /** Words before the command, for instance those of nsenter(1); they must end in exec, so that the id stays. */
  prefix?: readonly string[]
}

/** A process, safe against ids that are used again. */
export interface ProcessId {
  pid: number
  /** From /proc/PID/stat, in clock ticks since boot. */
  startTicks: string
}

export class Daemon {
  readonly spec: DaemonSpec
  readonly #folder: string

  /** @param folder the cluster's */
  constructor(spec: DaemonSpec, folder: string) {
    this.spec = spec
    this.#folder = folder
  }

  /** Undefined when it was never started or was stopped. It may have died since: see `alive`. */
  get id(): ProcessId | undefined {
    return readIds(this.#folder).get(this.spec.name)
  }

  get alive(): boolean {
    const { id } = this
    return id !== undefined && isAlive(id)
  }

  /** Starts it, detached (setsid(2)), so that the terminal's signals do not reach it. @throws when it runs already */
  start(): void {
    if (this.alive) throw new Error(`${this.spec.name} runs already`)
    const { command, args, prefix = [] } = this.spec
    const [program, ...words] = [...prefix, command, ...args] as [string, ...string[]]
    const log = openLog(this.#folder, this.spec.name)
    const stdio: StdioOptions = ['ignore', log, log]
    const child = spawn(program, words, { detached: true, stdio, cwd: this.#folder, env: SYSTEM_ENVIRONMENT })
    closeSync(log)
    child.on('error', () => {}) // told below: it has no id then
    if (child.pid === undefined) throw new Error(`${this.spec.name}: ${program} cannot be run`)
    child.unref()
    writeId(this.#folder, this.spec.name, child.pid)
  }

  /** SIGTERM, and SIGKILL when that does not help within 10 s. Harmless when it is not there. */
  async stop(): Promise<void> {
    const { id } = this
    if (id === undefined) return
    signal(id, 'SIGTERM')
    await until(`${this.spec.name}: end`, () => !isAlive(id), STOP_DEADLINE_MS).catch(() => this.kill9())
    rmSync(idFile(this.#folder, this.spec.name), { force: true })
  }

  /** SIGKILL, as a crash would be; returns once it is gone. */
  async kill9(): Promise<void> {
    const { id } = this
    if (id !== undefined) await kill9(id)
  }

  /** End of its log, for messages. */
  logTail(): string {
    return logTail(this.#folder, this.spec.name)
  }

  /** Waits until `probe` is true. @throws with the end of its log at the deadline, and at once when it has died */
  async ready(what: string, probe: () => boolean | Promise<boolean>, deadlineMs: number): Promise<void> {
    const check = async () => {
      if (!this.alive) throw new Error(`${this.spec.name} ended: ${this.logTail()}`)
      return probe()
    }
    await until(`${this.spec.name}: ${what}`, check, deadlineMs, () => this.logTail())
  }
}

/** All daemons that a cluster's folder knows, by name. */
export function readIds(folder: string): Map<string, ProcessId> {
  const ids = new Map<string, ProcessId>()
  for (const file of listFiles(join(folder, 'processes'))) {
    const [pid, startTicks] = readFileSync(join(folder, 'processes', file), 'utf8').split(' ')
    if (pid !== undefined && startTicks !== undefined) ids.set(file, { pid: Number(pid), startTicks })
  }
  return ids
}

/** Records a process of this cluster. One that is gone already has no start time and never counts as alive. */
export function writeId(folder: string, name: string, pid: number): void {
  mkdirSync(join(folder, 'processes'), { recursive: true })
  writeFileSync(idFile(folder, name), `${pid} ${startTicks(pid) ?? 'gone'}`)
}

export function isAlive(id: ProcessId): boolean {
  return startTicks(id.pid) === id.startTicks
}

/** SIGKILL; returns once the process is gone. */
export async function kill9(id: ProcessId): Promise<void> {
  signal(id, 'SIGKILL')
  await until(`process ${id.pid}: end`, () => !isAlive(id), KILL_DEADLINE_MS)
}

/** Opens the log for appending: a daemon that is started again continues it. */
function openLog(folder: string, name: string): number {
  mkdirSync(join(folder, 'logs'), { recursive: true })
  return openSync(join(folder, 'logs', `${name}.log`), 'a', 0o600)
}

function logTail(folder: string, name: string): string {
  try {
    return readFileSync(join(folder, 'logs', `${name}.log`), 'utf8').slice(-LOG_TAIL_BYTES)
  } catch {
    return ''
  }
}

function signal(id: ProcessId, name: NodeJS.Signals): void {
  if (!isAlive(id)) return
  try {
    process.kill(id.pid, name)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}

/** Field 22 of /proc/PID/stat; undefined when there is no such process, or only its exit code is left (a zombie). */
function startTicks(pid: number): string | undefined {
  let stat: string
  try {
    stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
  } catch {
    return undefined
  }
  // The name in parentheses may hold spaces and parentheses; the state follows the last one.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return fields[0] === 'Z' || fields[0] === 'X' ? undefined : fields[19]
}

function idFile(folder: string, name: string): string {
  return join(folder, 'processes', name)
}

function listFiles(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch {
    return []
  }
}
