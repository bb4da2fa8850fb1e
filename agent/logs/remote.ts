/** Names of remote addresses: asked for once, waited for with patience, kept for a while. One per shard. */
import type { Workload } from '../workloads/workload.ts'
import type { Conversation } from './conversation.ts'
import { Waiting } from './waiting.ts'

/** Answers kept; then all are forgotten, and asked for again as they are met. */
const ANSWERS_MAX = 4_096
/** Flushes that an answer is kept for: the one who answers knows for how long it is true. */
const KEPT_FLUSHES = 10

export class RemoteNames {
  readonly #locate: (address: string, port: number) => void
  #answers = new Map<string, Workload | null>()
  readonly #waiting = new Waiting<string>()
  #flushes = 0

  constructor(locate: (address: string, port: number) => void) {
    this.#locate = locate
  }

  /** Addresses that are asked for. */
  get waiting(): number {
    return this.#waiting.size
  }

  /**
   * Names the other end, now or when the answer comes. A client's peer is asked for with its port, which may tell the
   * container; a server's has a port of the moment.
   */
  ask(conversation: Conversation, patience: number): void {
    const { address } = conversation.facts.remote
    const port = conversation.role === 'client' ? conversation.facts.remote.port : 0
    const key = `${address} ${port}`
    const known = this.#answers.get(key)
    if (known !== undefined) {
      conversation.remote = known
      return
    }
    conversation.remote = undefined
    if (this.#waiting.add(key, conversation, patience)) this.#locate(address, port)
  }

  located(address: string, port: number, workload: Workload | null): void {
    const key = `${address} ${port}`
    if (this.#answers.size >= ANSWERS_MAX) this.#answers.clear()
    this.#answers.set(key, workload)
    for (const conversation of this.#waiting.take(key)) conversation.remote = workload
  }

  /** To be called at each flush that is due. @param force nobody waits any longer */
  loosePatience(force: boolean): void {
    if (++this.#flushes % KEPT_FLUSHES === 0) this.#answers.clear()
    this.#waiting.loosePatience(force, (conversation) => (conversation.remote ??= null))
  }
}
