/** What goes wrong with the API server, and what that means for the next attempt. */
import type { IncomingMessage } from 'node:http'
import { reasonOf } from '../errors.ts'

export class ApiError extends Error {
  override readonly name = 'ApiError'
  /** HTTP status, or the code of a Status object in a watch; 0 when there was no answer. */
  readonly status: number
  /** Kubernetes' reason, for example `Forbidden`; of a connection, its error code. */
  readonly reason: string
  /** The server asks to wait this long; 0: it does not. */
  readonly retryAfterMs: number

  constructor(status: number, reason: string, message: string, retryAfterMs = 0, cause?: unknown) {
    super(message, { cause })
    this.status = status
    this.reason = reason
    this.retryAfterMs = retryAfterMs
  }

  /** The resourceVersion is too old (410), or the server cannot serve it: everything has to be listed again. */
  get isExpired(): boolean {
    return this.status === 410 || this.reason === 'Expired' || this.reason === 'ResourceVersionTooLarge'
  }

  /** Too many requests, or a kind that was made a moment ago: the server says when to ask again, and it passes. */
  get isBusy(): boolean {
    return this.status === 429
  }

  /** No right, or no such kind: nothing that passes by itself. */
  get isRefusal(): boolean {
    return this.status === 401 || this.status === 403 || this.status === 404
  }
}

/** metav1.Status, as much of it as matters. */
interface Status {
  kind?: string
  code?: number
  reason?: string
  message?: string
  details?: { retryAfterSeconds?: number; causes?: { reason?: string }[] }
}

/** Longer is taken for a mistake of the server. */
const RETRY_AFTER_MAX_MS = 120_000

/** The error of an answer that is not a success. */
export function answerError({ statusCode = 0, headers }: IncomingMessage, text: string): ApiError {
  const retryAfterMs = Number(headers['retry-after'] ?? 0) * 1_000 || 0
  const { reason, message } = statusIn(text)
  return new ApiError(
    statusCode,
    reason ?? `Http${statusCode}`,
    message ?? (text.slice(0, 200) || `HTTP status ${statusCode}`),
    Math.min(retryAfterMs, RETRY_AFTER_MAX_MS),
  )
}

/** The error of the Status object that an ERROR event of a watch carries. */
export function statusError(object: unknown): ApiError {
  const { code = 0, reason = '', message = 'the watch failed', details } = (object ?? {}) as Status
  const cause = details?.causes?.[0]?.reason
  const retryAfterMs = Math.min((details?.retryAfterSeconds ?? 0) * 1_000, RETRY_AFTER_MAX_MS)
  return new ApiError(code, cause === 'ResourceVersionTooLarge' ? cause : reason, message, retryAfterMs)
}

/** Anything thrown on the way of a request as an ApiError. @param instead says it better than the error itself */
export function asApiError(thrown: unknown, instead?: string): ApiError {
  if (thrown instanceof ApiError) return thrown
  const { code } = thrown as { code?: unknown }
  return new ApiError(0, typeof code === 'string' ? code : 'Failed', instead ?? reasonOf(thrown), 0, thrown)
}

function statusIn(text: string): Status {
  try {
    const parsed = JSON.parse(text) as Status | null
    return parsed?.kind === 'Status' ? parsed : {}
  } catch {
    return {} // a proxy's page, for example
  }
}
