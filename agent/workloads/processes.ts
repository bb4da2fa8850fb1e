/** The process table as /proc shows it. Processes may vanish between any two reads. */
import { closeSync, existsSync, openSync, readdirSync, readlinkSync, readSync } from 'node:fs'
import { basename } from 'node:path'

/** One process as it was when read. */
export interface ProcessFacts {
  pid: number
  /** Process id of the parent; 0 for the first process. */
  parent: number
  /** Its comm, at most 15 bytes, or the executable where comm names no program (see {@link MAIN_THREAD}). */
  name: string
  /** File name of the program, without its folder; empty when it may not be read. */
  executable: string
  /** Arguments joined by blanks, cut at {@link READ_MAX_BYTES}. */
  commandLine: string
  /** Start in clock ticks since boot: with the pid it names a process for good. */
  startTicks: number
  /** Text of /proc/PID/cgroup; empty when it may not be read. */
  cgroups: string
}

/** No file of /proc/PID is read further than this. */
export const READ_MAX_BYTES = 16_384

/** Flag of kernel threads in /proc/PID/stat (PF_KTHREAD, include/linux/sched.h). */
const KERNEL_THREAD = 0x0020_0000

/** What Node.js since version 24 calls its main thread, and with it the process: it says nothing of the program. */
const MAIN_THREAD = 'MainThread'

/** Where the host's /proc is: `ROVER_HOST_PROC_MAPPING`, for agents in a container, or /proc. */
export function procRoot(environment: NodeJS.ProcessEnv): string {
  return environment['ROVER_HOST_PROC_MAPPING'] || '/proc'
}

/** Reads /proc. Reads are synchronous: they never wait for a disk and take some ten microseconds. */
export class ProcessReader {
  readonly #root: string
  readonly #scratch = Buffer.alloc(READ_MAX_BYTES)
  #unreadable = 0

  constructor(root = '/proc') {
    this.#root = root
  }

  /** Files that exist and could not be read, for example because /proc is mounted with hidepid. */
  get unreadable(): number {
    return this.#unreadable
  }

  /** Ids of the processes visible now, ascending. Throws when the root is not a readable folder. */
  pids(): number[] {
    const names = readdirSync(this.#root).filter((name) => /^[1-9]\d*$/.test(name))
    return names.map(Number).sort((a, b) => a - b)
  }

  /** Every visible process but kernel threads, which make no system calls. */
  scan(): ProcessFacts[] {
    return this.pids().flatMap((pid) => this.read(pid) ?? [])
  }

  /** One process; `undefined` when it is gone, hidden or a kernel thread. */
  read(pid: number): ProcessFacts | undefined {
    const stat = parseStat(this.#text(pid, 'stat') ?? '')
    if (stat === undefined || (stat.flags & KERNEL_THREAD) !== 0) return undefined
    const { parent, comm, startTicks } = stat
    const executable = this.#executable(pid)
    const name = programName(comm, executable)
    return {
      pid,
      parent,
      name,
      executable,
      commandLine: this.commandLine(pid),
      startTicks,
      cgroups: this.cgroups(pid),
    }
  }

  exists(pid: number): boolean {
    return existsSync(`${this.#root}/${pid}`)
  }

  /** Arguments joined by blanks; empty when the process is gone. */
  commandLine(pid: number): string {
    return (this.#text(pid, 'cmdline') ?? '').replace(/\0+$/, '').replaceAll('\0', ' ')
  }

  /** Text of /proc/PID/cgroup; empty when the process is gone. */
  cgroups(pid: number): string {
    return this.#text(pid, 'cgroup') ?? ''
  }

  /** Name of the process as in {@link ProcessFacts}; empty when it is gone. */
  name(pid: number): string {
    const comm = (this.#text(pid, 'comm') ?? '').replace(/\n$/, '')
    return comm === MAIN_THREAD ? programName(comm, this.#executable(pid)) : comm
  }

  #executable(pid: number): string {
    try {
      return basename(readlinkSync(`${this.#root}/${pid}/exe`).replace(/ \(deleted\)$/, ''))
    } catch (error) {
      this.#count(error)
      return ''
    }
  }

  #text(pid: number, file: string): string | undefined {
    try {
      const descriptor = openSync(`${this.#root}/${pid}/${file}`, 'r')
      try {
        return this.#readWhole(descriptor)
      } finally {
        closeSync(descriptor)
      }
    } catch (error) {
      this.#count(error)
      return undefined
    }
  }

  /** A read of a sequence file may return less than there is, hence the loop. */
  #readWhole(descriptor: number): string {
    let length = 0
    while (length < READ_MAX_BYTES) {
      const read = readSync(descriptor, this.#scratch, length, READ_MAX_BYTES - length, null)
      if (read === 0) break
      length += read
    }
    return this.#scratch.toString('utf8', 0, length)
  }

  #count(error: unknown): void {
    const { code } = error as NodeJS.ErrnoException
    if (code !== 'ENOENT' && code !== 'ESRCH') this.#unreadable += 1
  }
}

function programName(comm: string, executable: string): string {
  return comm === MAIN_THREAD ? executable || comm : comm
}

interface Stat {
  comm: string
  parent: number
  flags: number
  startTicks: number
}

/** /proc/PID/stat (proc_pid_stat(5)). The name may hold blanks and parentheses, so it ends at the last `)`. */
export function parseStat(text: string): Stat | undefined {
  const open = text.indexOf('(')
  const close = text.lastIndexOf(')')
  if (open < 0 || close < open) return undefined
  const fields = text.slice(close + 2).split(' ')
  const [parent, flags, startTicks] = [Number(fields[1]), Number(fields[6]), Number(fields[19])]
  if (Number.isNaN(parent) || Number.isNaN(flags) || Number.isNaN(startTicks)) return undefined
  return { comm: text.slice(open + 1, close), parent, flags, startTicks }
}
