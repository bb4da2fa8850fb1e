/** Errors that hold now, by what they are about. */
import type { AccessLogError } from '../errors.ts'
import type { NodeFacts } from './status.ts'

type NotedError = NonNullable<NodeFacts['lastError']>

export class Errors {
  readonly #now: () => string
  readonly #noted = new Map<string, NotedError>()

  /** @param now RFC 3339 */
  constructor(now = () => new Date().toISOString()) {
    this.#now = now
  }

  /** @param about what it keeps from working @param error undefined: it works */
  note(about: string, error: AccessLogError | undefined): void {
    const known = this.#noted.get(about)
    if (error === undefined) return void this.#noted.delete(about)
    const message = `${error.message}. ${error.hint}`
    if (known?.code === error.code && known.message === message) return
    this.#noted.delete(about)
    this.#noted.set(about, { code: error.code, message, time: this.#now() })
  }

  /** The latest of those that hold, with the time since when it does. */
  get last(): NotedError | undefined {
    return [...this.#noted.values()].at(-1)
  }
}
