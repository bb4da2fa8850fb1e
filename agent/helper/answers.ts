/** What the agent is waiting for from the helper, each wait with a deadline. */
import { accessLogError, type AccessLogError } from '../errors.ts'
import type { MessageKind, ToAgent } from './gen/wire.ts'

type MessageOf<Kind extends MessageKind> = Extract<ToAgent, { kind: Kind }>

interface Wait {
  promise: Promise<ToAgent>
  resolve: (message: ToAgent) => void
  reject: (error: AccessLogError) => void
  timer: NodeJS.Timeout
}

/** At most one wait for each kind of message; who asks for the same again shares it. */
export class Answers {
  readonly #waits = new Map<MessageKind, Wait>()

  /**
   * Waits for a message. Rejects with HELPER_TIMEOUT, or with the error given to {@link failAll}.
   * @param request what was asked, for people
   * @param onTimeout called before the rejection
   */
  wait<Kind extends ToAgent['kind']>(
    kind: Kind,
    request: string,
    deadlineMs: number,
    onTimeout: (error: AccessLogError) => void,
  ): Promise<MessageOf<Kind>> {
    const { promise, resolve, reject } = Promise.withResolvers<ToAgent>()
    const timer = setTimeout(() => {
      const error = accessLogError('HELPER_TIMEOUT', { request, seconds: deadlineMs / 1_000 })
      onTimeout(error)
      this.#take(kind)?.reject(error)
    }, deadlineMs)
    this.#waits.set(kind, { promise, resolve, reject, timer })
    return promise as Promise<MessageOf<Kind>>
  }

  /** The wait for this kind that is under way. */
  pending<Kind extends ToAgent['kind']>(kind: Kind): Promise<MessageOf<Kind>> | undefined {
    return this.#waits.get(kind)?.promise as Promise<MessageOf<Kind>> | undefined
  }

  /** False when nobody waits for this kind. */
  settle(message: ToAgent): boolean {
    const wait = this.#take(message.kind)
    wait?.resolve(message)
    return wait !== undefined
  }

  failAll(error: AccessLogError): void {
    for (const kind of [...this.#waits.keys()]) this.#take(kind)?.reject(error)
  }

  #take(kind: MessageKind): Wait | undefined {
    const wait = this.#waits.get(kind)
    this.#waits.delete(kind)
    clearTimeout(wait?.timer)
    return wait
  }
}
