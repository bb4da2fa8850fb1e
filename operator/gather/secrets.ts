/** Secrets that policies refer to: whether they are there, and which keys they have. Values are not kept. */
import { ApiError } from './api-error.ts'
import type { BackoffPolicy } from '../../crds/backoff.ts'
import { type ApiObject, Reflector, type ReflectorOptions } from './reflector.ts'
import { Store } from './store.ts'

/** The keys of a Secret, or why they are not known; `unknown` while it has not been read yet. */
export type SecretView = ReadonlySet<string> | 'missing' | 'forbidden' | 'unknown'

/** Of `data` only the keys are looked at. */
interface SecretObject extends ApiObject {
  data?: Record<string, unknown>
}

export type SecretReflectorOptions = Pick<ReflectorOptions, 'api' | 'now' | 'observer' | 'random'>

interface Watched {
  reflector: Reflector
  keys: Store<ReadonlySet<string>>
  stop: AbortController
  isForbidden: boolean
}

/** Policies together may name no more. */
export const SECRETS_MAX = 100

/** The role changes when somebody upgrades the chart: that is not soon. */
const FORBIDDEN_BACKOFF: BackoffPolicy = { initialMs: 5_000, maxMs: 120_000 }

/** Watches each Secret by its name, which is all that the operator's role allows. */
export class Secrets {
  readonly #options: SecretReflectorOptions
  readonly #path: string
  readonly #changed: () => void
  readonly #watched = new Map<string, Watched>()

  constructor(namespace: string, options: SecretReflectorOptions, changed: () => void) {
    this.#path = `/api/v1/namespaces/${namespace}/secrets`
    this.#options = options
    this.#changed = changed
  }

  view(name: string): SecretView {
    const watched = this.#watched.get(name)
    if (!watched) return this.#watched.size < SECRETS_MAX ? 'unknown' : 'forbidden'
    if (watched.isForbidden) return 'forbidden'
    return watched.keys.get(name) ?? (watched.reflector.synced ? 'missing' : 'unknown')
  }

  /** From now on exactly these are watched. */
  want(names: ReadonlySet<string>): void {
    for (const [name, { stop }] of this.#watched) {
      if (names.has(name)) continue
      stop.abort()
      this.#watched.delete(name)
    }
    for (const name of names)
      if (!this.#watched.has(name) && this.#watched.size < SECRETS_MAX) this.#watch(name)
  }

  stop(): void {
    this.want(new Set())
  }

  #watch(name: string): void {
    const keys = new Store<ReadonlySet<string>>(
      (object) => new Set(Object.keys((object as SecretObject).data ?? {})),
      this.#changed,
    )
    const stop = new AbortController()
    const observer = {
      listed: () => this.#listed(name),
      watchEnded: () => {},
      failed: (resource: string, error: unknown, retryMs: number, isNews: boolean) => {
        this.#options.observer.failed(resource, error, retryMs, isNews)
        this.#failed(name, error)
      },
    }
    const resource = { name: 'secrets', path: this.#path, fieldSelector: `metadata.name=${name}` }
    const own = { observer, resource, sink: keys, forbiddenBackoff: FORBIDDEN_BACKOFF }
    const reflector = new Reflector({ ...this.#options, ...own })
    this.#watched.set(name, { reflector, keys, stop, isForbidden: false })
    void reflector.run(stop.signal)
  }

  /** Also that there is none is news. */
  #listed(name: string): void {
    const watched = this.#watched.get(name)
    if (watched) watched.isForbidden = false
    this.#changed()
  }

  #failed(name: string, error: unknown): void {
    const watched = this.#watched.get(name)
    if (!watched || watched.isForbidden || !(error instanceof ApiError) || error.status !== 403) return
    watched.isForbidden = true
    this.#changed()
  }
}
