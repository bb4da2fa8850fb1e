/** Servers of our own: they print `listening PORT`, then one JSON row for each exchange they finished. */
import { join } from 'node:path'
import { NODE } from './agent.ts'
import { Owned } from './owned.ts'
import type { Row } from './rows.ts'
import type { Server } from './server.ts'

const SERVERS = join(import.meta.dirname, '../servers')

export class ScriptServer implements Server {
  readonly port: number
  readonly pids: readonly number[]
  readonly #process: Owned

  private constructor(process: Owned, port: number) {
    this.#process = process
    this.port = port
    this.pids = [process.pid]
  }

  /** Node's http module with the routes of servers/node-server.ts. */
  static node(): Promise<ScriptServer> {
    return ScriptServer.#start(NODE, [join(SERVERS, 'node-server.ts')])
  }

  /** Node's http2 module without TLS, with the routes of servers/http2-server.ts. */
  static http2(): Promise<ScriptServer> {
    return ScriptServer.#start(NODE, [join(SERVERS, 'http2-server.ts')])
  }

  /** A gRPC service on grpc-js, see servers/grpc-server.ts. */
  static grpc(): Promise<ScriptServer> {
    return ScriptServer.#start(NODE, [join(SERVERS, 'grpc-server.ts')])
  }

  /** A program of test/programs/go, built by `buildGo`. */
  static go(binary: string): Promise<ScriptServer> {
    return ScriptServer.#start(binary, [])
  }

  /** A TCP server that answers with canned writes, see servers/raw-server.ts. */
  static raw(answers: unknown): Promise<ScriptServer> {
    return ScriptServer.#start(NODE, [join(SERVERS, 'raw-server.ts'), JSON.stringify(answers)])
  }

  /** `threading` is http.server's ThreadingHTTPServer, `asyncio` an asyncio stream server. */
  static python(flavour: 'threading' | 'asyncio'): Promise<ScriptServer> {
    return ScriptServer.#start('python3', ['-u', join(SERVERS, `${flavour}_server.py`)])
  }

  static async #start(command: string, args: readonly string[]): Promise<ScriptServer> {
    const process = new Owned(command, args)
    const [, port] = await process.line(/^listening (\d+)$/)
    return new ScriptServer(process, Number(port))
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`
  }

  rows(): Row[] {
    return this.#process.lines.slice(1).map((line) => JSON.parse(line) as Row)
  }

  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    await this.#process.stop(signal)
  }
}
