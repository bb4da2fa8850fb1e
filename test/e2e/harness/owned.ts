/** A process that a test started and therefore ends: by its id, and by the kernel should the test itself die. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { connect } from 'node:net'
import { createInterface } from 'node:readline'
import { until } from './until.ts'

const STDERR_KEPT_BYTES = 64 * 1024
const LINES_MAX = 2_000_000
const STOP_DEADLINE_MS = 10_000

export interface OwnedOptions {
  env?: NodeJS.ProcessEnv
  cwd?: string
  /** Called for each line of stdout instead of keeping it. */
  onLine?: (line: string) => void
}

export interface Exit {
  code: number | null
  signal: NodeJS.Signals | null
}

export class Owned {
  /** Lines of stdout so far; empty when `onLine` takes them. */
  readonly lines: string[] = []
  /** Resolves once the process is gone and its output has been read to the end. */
  readonly exited: Promise<Exit>
  /** Last 64 KiB of stderr. */
  stderr = ''
  readonly #child: ChildProcess
  readonly #name: string
  #gone: Exit | undefined

  constructor(command: string, args: readonly string[], options: OwnedOptions = {}) {
    this.#name = command
    this.#child = spawn('setpriv', ['--pdeathsig', 'TERM', command, ...args], {
      stdio: ['pipe', 'pipe', 'pipe'],
      ...(options.env && { env: options.env }),
      ...(options.cwd !== undefined && { cwd: options.cwd }),
    })
    this.exited = this.#end()
    this.#child.stdin?.on('error', () => {}) // a process may exit without reading; its exit code tells
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.stderr = (this.stderr + text).slice(-STDERR_KEPT_BYTES)
    })
    this.#readLines(options.onLine ?? ((line) => this.lines.push(line)))
  }

  get pid(): number {
    if (this.#child.pid === undefined) throw new Error(`${this.#name} did not start`)
    return this.#child.pid
  }

  get gone(): Exit | undefined {
    return this.#gone
  }

  writeLine(line: string): void {
    this.#child.stdin?.write(`${line}\n`)
  }

  closeStdin(): void {
    this.#child.stdin?.end()
  }

  /** First line of stdout that matches. @throws with the end of stderr when the process ends before */
  line(pattern: RegExp, deadlineMs = 10_000): Promise<RegExpMatchArray> {
    return until(
      `${this.#name}: line ${pattern}`,
      () => {
        for (const line of this.lines) {
          const match = line.match(pattern)
          if (match) return match
        }
        this.#mustRun()
        return undefined
      },
      deadlineMs,
    )
  }

  /** Resolves when something accepts connections there. @throws with the end of stderr when the process ends before */
  async listening(port: number, host = '127.0.0.1'): Promise<void> {
    await until(`${this.#name}: listening on ${host}:${port}`, async () => {
      this.#mustRun()
      return accepts(port, host)
    })
  }

  /** Sends the signal and waits for the end; SIGKILL when it does not come. Harmless when already gone. */
  async stop(signal: NodeJS.Signals = 'SIGTERM', deadlineMs = STOP_DEADLINE_MS): Promise<Exit> {
    if (this.#gone) return this.#gone
    this.#child.kill(signal)
    const kill = setTimeout(() => this.#child.kill('SIGKILL'), deadlineMs)
    const exit = await this.exited
    clearTimeout(kill)
    return exit
  }

  #mustRun(): void {
    if (!this.#gone) return
    throw new Error(`${this.#name} ended with ${JSON.stringify(this.#gone)}: ${this.stderr.trim()}`)
  }

  async #end(): Promise<Exit> {
    const [code, signal] = (await once(this.#child, 'close')) as [number | null, NodeJS.Signals | null]
    this.#gone = { code, signal }
    return this.#gone
  }

  #readLines(onLine: (line: string) => void): void {
    if (!this.#child.stdout) return
    let count = 0
    createInterface({ input: this.#child.stdout }).on('line', (line) => {
      if (++count > LINES_MAX) throw new Error(`${this.#name} wrote more than ${LINES_MAX} lines`)
      onLine(line)
    })
  }
}

/** Runs a command to its end. @returns its output and exit */
export async function run(
  command: string,
  args: readonly string[],
  options: OwnedOptions = {},
): Promise<Exit & { stdout: string; stderr: string; pid: number }> {
  const owned = new Owned(command, args, options)
  const { pid } = owned
  owned.closeStdin()
  const exit = await owned.exited
  return { ...exit, pid, stdout: owned.lines.join('\n'), stderr: owned.stderr }
}

function accepts(port: number, host: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, host)
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => resolve(false))
  })
}
