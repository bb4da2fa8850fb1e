/** Both ends of scripted exchanges, as two processes: see servers/chunked_peer.py. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Owned } from './owned.ts'

const SCRIPT = join(import.meta.dirname, '../servers/chunked_peer.py')
const PLAY_DEADLINE_MS = 60_000

/** One system call with these latin1 texts, or time that passes. */
export type Step =
  | { write: string }
  | { writev: readonly string[] }
  | { sendmmsg: readonly string[] }
  | { sendfile: string }
  | { pauseMs: number }

export interface Round {
  request: readonly Step[]
  response: readonly Step[]
}

/** One connection. */
export interface Script {
  rounds: readonly Round[]
  /** What each read of the client and of the server asks for. */
  readBytes: number
  requestReadBytes: number
}

export class Peers {
  readonly port: number
  readonly pids: readonly number[]
  readonly #server: Owned
  readonly #client: Owned
  readonly #directory: string
  readonly #count: number

  private constructor(server: Owned, client: Owned, port: number, directory: string, count: number) {
    this.#server = server
    this.#client = client
    this.#directory = directory
    this.#count = count
    this.port = port
    this.pids = [server.pid, client.pid]
  }

  /** Two processes that wait; `play` begins. */
  static async start(scripts: readonly Script[]): Promise<Peers> {
    const directory = mkdtempSync(join(tmpdir(), 'e2e-peers-'))
    const file = join(directory, 'scripts.json')
    writeFileSync(file, JSON.stringify(scripts))
    const server = new Owned('python3', ['-u', SCRIPT, 'server', file])
    const [, port = ''] = await server.line(/^listening (\d+)$/)
    const client = new Owned('python3', ['-u', SCRIPT, 'client', file, port])
    await client.line(/^waiting$/)
    return new Peers(server, client, Number(port), directory, scripts.length)
  }

  /** Plays all scripts, one after the other. @throws when an end gives up */
  async play(): Promise<void> {
    this.#client.writeLine('play')
    await this.#client.line(new RegExp(`^played ${this.#count - 1}$`), PLAY_DEADLINE_MS)
    await this.#server.line(new RegExp(`^served ${this.#count - 1}$`), PLAY_DEADLINE_MS)
  }

  async stop(): Promise<void> {
    await Promise.all([this.#client.stop(), this.#server.stop()])
    rmSync(this.#directory, { recursive: true, force: true })
  }
}
