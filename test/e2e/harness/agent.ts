/** The agent as a user runs it: command line in, JSON lines out. */
import { join } from 'node:path'
import { type Exit, Owned } from './owned.ts'
import { until } from './until.ts'

export const REPOSITORY = join(import.meta.dirname, '../../..')
export const NODE = join(REPOSITORY, 'node_modules/.bin/node')
/** As users run it; `npm test` and `npm run bench` build it first. */
export const AGENT = join(REPOSITORY, 'build/js/agent/main.js')

const READY_DEADLINE_MS = 20_000
const LOGS_MAX = 1_000_000

export interface Peer {
  address: string
  port: number
  service?: string
  pod?: string
  container?: string
  process?: string
  pid?: number
}

/** One line of `--output json` that is a log. Fields that depend on the kind are optional here. */
export interface Log {
  kind: 'http' | 'connect' | 'accept' | 'close' | 'read' | 'write'
  start: string
  durationNs: number
  role: 'server' | 'client'
  tls: boolean
  protocol: string
  local: Peer
  remote: Peer
  success?: boolean
  syscall?: string
  bytes?: number
  count?: number
  request?: { method: string; path: string; host: string; headerBytes: number; bodyBytes: number }
  response?: { status: number; grpcStatus?: number; headerBytes: number; bodyBytes: number }
  incomplete?: string[]
}

export interface HttpLog extends Log {
  kind: 'http'
  request: NonNullable<Log['request']>
  response: NonNullable<Log['response']>
}

export interface Observation {
  exit: Exit
  ready: Record<string, unknown>
  logs: Log[]
  summary: Record<string, unknown>
  stderr: string
}

export class AgentRun {
  readonly logs: Log[] = []
  readonly process: Owned
  #ready: Record<string, unknown> | undefined
  #summary: Record<string, unknown> | undefined

  /** @param args after `run --standalone --output json`; without `--backend` there is none */
  constructor(args: readonly string[], env: NodeJS.ProcessEnv = {}) {
    const backend = args.includes('--backend') ? [] : ['--backend', 'none']
    this.process = new Owned(NODE, [AGENT, 'run', '--standalone', '--output', 'json', ...backend, ...args], {
      env: { ...withoutSettings(process.env), ...env },
      cwd: REPOSITORY,
      onLine: (line) => this.#take(JSON.parse(line) as { kind: string }),
    })
  }

  /** Starts an agent that watches these processes and waits until it does. */
  static async watching(pids: readonly number[], args: readonly string[] = []): Promise<AgentRun> {
    const run = new AgentRun([...pids.flatMap((pid) => ['--pid', String(pid)]), ...args])
    await run.ready()
    return run
  }

  /** Resolves with the `ready` line. @throws with the agent's stderr when it ends before */
  ready(): Promise<Record<string, unknown>> {
    return this.#alive('ready line', () => this.#ready, READY_DEADLINE_MS)
  }

  /** Resolves with the first log that matches. */
  log(what: string, matches: (log: Log) => boolean): Promise<Log> {
    return this.#alive(what, () => this.logs.find(matches), 10_000)
  }

  /** Resolves when `count` logs match. */
  async count(what: string, count: number, matches: (log: Log) => boolean): Promise<void> {
    await this.#alive(`${count} × ${what}`, () => this.logs.filter(matches).length >= count, 10_000)
  }

  /** SIGTERM, then everything it wrote. @throws when it does not exit 0 with a summary as its last line */
  async stop(): Promise<Observation> {
    const exit = await this.process.stop('SIGTERM', 20_000)
    const { stderr } = this.process
    if (exit.code !== 0 || !this.#ready || !this.#summary) {
      throw new Error(`the agent ended with ${JSON.stringify(exit)} and no summary: ${stderr}`)
    }
    return { exit, ready: this.#ready, logs: this.logs, summary: this.#summary, stderr }
  }

  #alive<T>(what: string, probe: () => T | undefined | false, deadlineMs: number): Promise<T> {
    const check = (): T | undefined | false => {
      const value = probe()
      const { gone, stderr } = this.process
      if (!value && gone) throw new Error(`the agent ended before ${what}: ${JSON.stringify(gone)} ${stderr}`)
      return value
    }
    return until(what, check, deadlineMs)
  }

  #take(line: { kind: string }): void {
    if (this.#summary) throw new Error(`a line after the summary: ${JSON.stringify(line)}`)
    if (!this.#ready && line.kind !== 'ready') throw new Error(`first line is ${JSON.stringify(line)}`)
    if (line.kind === 'ready') this.#ready = { ...line }
    else if (line.kind === 'summary') this.#summary = { ...line }
    else if (this.logs.push(line as Log) > LOGS_MAX) throw new Error(`more than ${LOGS_MAX} logs`)
  }
}

/** The test machine's own settings must not change what is tested. */
export function withoutSettings(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(env).filter(([key]) => !/^(ROVER|ACCESSLOG)_/.test(key)))
}
