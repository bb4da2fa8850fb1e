/** Whether a bearer token is an agent's: the API server says so, and is not asked again for a while. */
import { createHash } from 'node:crypto'
import type { V1TokenReview } from '@kubernetes/client-node'
import { ADDRESSES_AUDIENCE } from '../../crds/naming/addresses.ts'

export type TokenVerdict = 'agent' | 'invalid' | 'other'

/** The members of a TokenReview that are used; times are absent. */
export type TokenReview = Pick<V1TokenReview, 'spec' | 'status'>

export interface TokensOptions {
  /** Rejects when the API server does not answer. */
  review: (token: string) => Promise<TokenReview>
  /** `system:serviceaccount:<namespace>:<name>` */
  agentUser: string
  /** Milliseconds of a clock that never goes back. */
  now: () => number
}

/** A token that is revoked is believed for so long; agents renew theirs about every hour. */
const BELIEVED_MS = 10 * 60_000
/** One that is not valid may become so when clocks agree again. */
const DISBELIEVED_MS = 10_000
const KEPT_MAX = 20_000

interface Kept {
  verdict: TokenVerdict
  untilMs: number
}

export class Tokens {
  readonly #options: TokensOptions
  /** By SHA-256 of the token, oldest first: tokens themselves are not kept. */
  readonly #kept = new Map<string, Kept>()
  /** Asked for, not yet answered. */
  readonly #asked = new Map<string, Promise<TokenVerdict>>()

  constructor(options: TokensOptions) {
    this.#options = options
  }

  async verdict(token: string): Promise<TokenVerdict> {
    const digest = createHash('sha256').update(token).digest('base64')
    const kept = this.#kept.get(digest)
    if (kept && kept.untilMs > this.#options.now()) return kept.verdict
    const asked = this.#asked.get(digest) ?? this.#ask(token, digest)
    this.#asked.set(digest, asked)
    return asked
  }

  async #ask(token: string, digest: string): Promise<TokenVerdict> {
    try {
      const verdict = this.#judge(await this.#options.review(token))
      this.#keep(digest, verdict)
      return verdict
    } finally {
      this.#asked.delete(digest)
    }
  }

  #judge({ status }: TokenReview): TokenVerdict {
    const isValid = status?.authenticated === true && status.audiences?.includes(ADDRESSES_AUDIENCE)
    if (!isValid) return 'invalid'
    return status.user?.username === this.#options.agentUser ? 'agent' : 'other'
  }

  #keep(digest: string, verdict: TokenVerdict): void {
    const forMs = verdict === 'agent' ? BELIEVED_MS : DISBELIEVED_MS
    this.#kept.delete(digest)
    this.#kept.set(digest, { verdict, untilMs: this.#options.now() + forMs })
    const [oldest] = this.#kept.keys()
    if (this.#kept.size > KEPT_MAX && oldest !== undefined) this.#kept.delete(oldest)
  }
}
