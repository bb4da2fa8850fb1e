/** An answer of the API server that is not a success: an HTTP status, or an ERROR event of a watch. */

/** The members of metav1.Status that are used. */
interface Status {
  kind?: string
  code?: number
  reason?: string
  message?: string
  details?: { retryAfterSeconds?: number }
}

export class ApiError extends Error {
  override readonly name = 'ApiError'
  /** HTTP status, for example 410. */
  readonly status: number
  /** CamelCase word of the API server, for example Expired; empty when the body is not its own. */
  readonly reason: string
  /** The server asks not to come back before; 0 when it does not say. */
  readonly retryAfterMs: number

  constructor(status: number, reason: string, message: string, retryAfterMs = 0) {
    super(message)
    this.status = status
    this.reason = reason
    this.retryAfterMs = retryAfterMs
  }
}

/** @param retryAfter the header of that name, in seconds; a date is not understood and counts as absent */
export function apiError(httpStatus: number, body: string, retryAfter: string | undefined): ApiError {
  const { code, reason = '', message = '', details }: Status = parseStatus(body)
  const seconds = Number(retryAfter ?? details?.retryAfterSeconds ?? 0)
  const retryAfterMs = Number.isFinite(seconds) ? Math.max(0, seconds) * 1000 : 0
  const text = message === '' ? `the API server answers ${httpStatus}` : message
  return new ApiError(code ?? httpStatus, reason, text, retryAfterMs)
}

/** The `object` of an ERROR event. */
export function eventError(status: unknown): ApiError {
  return apiError(500, JSON.stringify(status), undefined)
}

function parseStatus(body: string): Status {
  try {
    const value = JSON.parse(body) as Status | null
    return value?.kind === 'Status' ? value : {}
  } catch {
    return {} // a proxy in between answers in its own words
  }
}
