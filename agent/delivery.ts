/** One way to the backend for as long as the agent runs, whatever backend that is at the time. */
import { type BackendEnvironment, startSender } from './backend.ts'
import type { AgentConfig } from './config/config.ts'
import type { Sender } from './flush/sender.ts'
import type { SenderStatus } from './flush/status.ts'
import type { SenderCounters } from './flush/tally.ts'
import type { Batch } from './logs/encode.ts'
import type { BatchSink } from './pipeline.ts'
import { addCounts } from './report/counters.ts'

/** What a backend that is replaced may still take to confirm what it was sent. */
const RETIRE_MS = 60_000

/**
 * Replacing the backend: the new sender takes every batch from now on, the old one delivers what it has. Nothing is
 * sent to both, and what the old one cannot deliver in time is counted as dropped.
 */
export class Delivery implements BatchSink {
  readonly #environment: Omit<BackendEnvironment, 'retriesName'>
  #sender: Sender | undefined
  /** What the sender in use was made from. */
  #settings = ''
  #address: string | undefined
  readonly #retiring = new Map<Sender, Promise<void>>()
  readonly #retired: SenderCounters[] = []

  constructor(environment: Omit<BackendEnvironment, 'retriesName'>) {
    this.#environment = environment
  }

  /**
   * Sends to the backend of this config from now on; nothing happens when the one in use is the same.
   * Throws CONFIG_INVALID for unusable certificates; then the one before goes on.
   */
  async use(config: AgentConfig): Promise<void> {
    const { backend, flush, clusterName, excludeNamespaces, nodeName } = config
    const settings = JSON.stringify({
      backend,
      period: flush.periodMs,
      clusterName,
      excludeNamespaces,
      nodeName,
    })
    if (settings === this.#settings || backend === undefined) return
    const sender = await startSender(config, backend, { ...this.#environment, retriesName: true })
    const before = this.#sender
    this.#sender = sender
    this.#settings = settings
    this.#address = backend.address
    if (before !== undefined) this.#retire(before)
  }

  /** Undefined before the first backend. */
  get status(): SenderStatus | undefined {
    return this.#sender?.status
  }

  /** HOST:PORT of the backend in use. */
  get address(): string | undefined {
    return this.#address
  }

  push(batch: Batch): void {
    this.#sender?.push(batch)
  }

  /** Over all backends that were in use; undefined before the first. */
  get counters(): SenderCounters | undefined {
    const all = [
      ...this.#retired,
      ...[...this.#retiring.keys(), this.#sender].flatMap((one) => one?.counters ?? []),
    ]
    const [first, ...others] = all
    return first && others.reduce((sum, counters) => addCounts(sum, counters), structuredClone(first))
  }

  async stop(deadlineMs: number): Promise<void> {
    const late = new Promise<void>((resolve) => setTimeout(resolve, deadlineMs).unref())
    await Promise.all([
      this.#sender?.stop(deadlineMs),
      Promise.race([late, Promise.all(this.#retiring.values())]),
    ])
  }

  #retire(sender: Sender): void {
    const done = sender.stop(RETIRE_MS).then(() => {
      this.#retiring.delete(sender)
      this.#retired.push(sender.counters)
    })
    this.#retiring.set(sender, done)
  }
}
