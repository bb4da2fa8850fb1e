/** The project's own backend for tests, as a process that can come and go on one port. */
import { join } from 'node:path'
import type { ReceivedLog } from '../../receiver/logs.ts'
import { NODE, REPOSITORY } from './agent.ts'
import { Owned } from './owned.ts'
import { type Row } from './rows.ts'
import { until } from './until.ts'

export interface Ledger {
  httpLogs: number
  kernelLogs: number
  rejected: Record<string, number>
}

export class ReceiverRun {
  readonly process: Owned
  readonly #port: number

  private constructor(port: number) {
    this.#port = port
    const script = join(REPOSITORY, 'test/receiver/main.ts')
    this.process = new Owned(NODE, [script, '--port', String(port), '--output', 'json'])
  }

  static async start(port: number): Promise<ReceiverRun> {
    const receiver = new ReceiverRun(port)
    await receiver.process.listening(port)
    return receiver
  }

  get address(): string {
    return `127.0.0.1:${this.#port}`
  }

  /** What it accepted of the server on this port, as that server captured it. */
  rows(port: number): Row[] {
    return this.process.lines
      .map((line) => JSON.parse(line) as ReceivedLog)
      .filter((log) => log.kind === 'http' && log.role === 'server' && log.local.port === port)
      .map(({ request, response }) => ({
        method: request?.method ?? '',
        path: request?.path ?? '',
        status: response?.status ?? 0,
        responseBodyBytes: response?.bodyBytes ?? 0,
        requestBytes: (request?.headerBytes ?? 0) + (request?.bodyBytes ?? 0),
        responseBytes: (response?.headerBytes ?? 0) + (response?.bodyBytes ?? 0),
      }))
  }

  async received(port: number, count: number): Promise<void> {
    await until(`${count} logs at the backend`, () => this.rows(port).length >= count, 30_000)
  }

  /** @returns its summary */
  async stop(): Promise<Ledger> {
    await this.process.stop()
    return JSON.parse(this.process.lines.at(-1) ?? '{}') as Ledger
  }
}
