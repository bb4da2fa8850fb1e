/** Test programs in Go, of test/programs/go, built when they are first asked for. */
import { join } from 'node:path'
import { REPOSITORY } from './agent.ts'
import { Owned, run } from './owned.ts'
import type { Row } from './rows.ts'
import type { Server } from './server.ts'
import { until } from './until.ts'

const SOURCES = join(REPOSITORY, 'test/programs/go')
const BINARIES = join(REPOSITORY, 'build/programs/go')

/** @returns the path of the program. @throws with the compiler's words */
export async function buildGo(name: string): Promise<string> {
  const binary = join(BINARIES, name)
  const { code, stderr } = await run('go', ['build', '-C', SOURCES, '-o', binary, `./${name}`])
  if (code !== 0) throw new Error(`go build ${name}: ${stderr}`)
  return binary
}

/** A server that prints `listening PORT`, then one JSON row for each request. */
export class GoServer implements Server {
  readonly port: number
  readonly pids: readonly number[]
  readonly #process: Owned

  private constructor(process: Owned, port: number) {
    this.#process = process
    this.port = port
    this.pids = [process.pid]
  }

  static async start(binary: string): Promise<GoServer> {
    const process = new Owned(binary, [])
    const [, port] = await process.line(/^listening (\d+)$/)
    return new GoServer(process, Number(port))
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`
  }

  rows(): Row[] {
    return this.#process.lines.slice(1).map((line) => JSON.parse(line) as Row)
  }

  async stop(): Promise<void> {
    await this.#process.stop()
  }
}

/** A client on one connection: see test/programs/go/h2c. */
export class GoClient {
  readonly #process: Owned
  #rounds = 0

  private constructor(process: Owned) {
    this.#process = process
  }

  /** @param count requests one after the other of each of `parallel` workers, for each round */
  static async start(binary: string, url: string, count: number, parallel: number): Promise<GoClient> {
    const process = new Owned(binary, ['client', url, String(count), String(parallel)])
    await process.line(/^ready$/)
    return new GoClient(process)
  }

  get pid(): number {
    return this.#process.pid
  }

  /** One round of requests to this path and a number behind it. */
  async request(path: string): Promise<void> {
    const count = ++this.#rounds
    this.#process.writeLine(path)
    await until(`round ${count}`, () => {
      if (this.#process.gone) throw new Error(`the client ended: ${this.#process.stderr}`)
      return this.#process.lines.filter((line) => line === 'done').length >= count
    })
  }

  async stop(): Promise<void> {
    await this.#process.stop()
  }
}
