/** One HTTP/2 connection of Node's client, on which a test says what is requested; see servers/http2-client.ts. */
import { join } from 'node:path'
import { NODE } from './agent.ts'
import { Owned } from './owned.ts'

export interface Order {
  /** Requested at once. */
  paths: readonly string[]
  /** Times, one after the other; 1 unless said. */
  count?: number
  method?: string
  bodyBytes?: number
  /** The client resets the streams so long after they began. */
  cancelAfterMs?: number
}

const DEADLINE_MS = 30_000

export class Http2Client {
  readonly #process: Owned
  #orders = 0

  private constructor(process: Owned) {
    this.#process = process
  }

  static async connect(url: string): Promise<Http2Client> {
    const process = new Owned(NODE, [join(import.meta.dirname, '../servers/http2-client.ts'), url])
    await process.line(/^connected$/)
    return new Http2Client(process)
  }

  get pid(): number {
    return this.#process.pid
  }

  /** Resolves when all streams are closed. */
  async request(order: Order): Promise<void> {
    const number = ++this.#orders
    this.#process.writeLine(JSON.stringify(order))
    await this.#process.line(new RegExp(`^done ${number}$`), DEADLINE_MS)
  }

  /** Closes the connection. */
  async stop(): Promise<void> {
    this.#process.closeStdin()
    await this.#process.exited
  }

  async kill(): Promise<void> {
    await this.#process.stop('SIGKILL')
  }
}
