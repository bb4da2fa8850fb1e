/** Message body length: RFC 9112 §6.3, rule by rule. */
import { CHUNKED_CODING, CONFLICTING, NO_CODING, type FramingFields } from './fields.ts'

/** How the bytes after a head are framed: a length in bytes (0: no body), or one of the negative values below. */
export type Framing = number

export const CHUNKED = -1
export const UNTIL_CLOSE = -2
/** Nobody can tell where the body ends: the length is invalid, or the head was cut off. */
export const UNKNOWN = -3
/** An interim response: the next head belongs to the same exchange. */
export const INTERIM = -4
/** No message follows: the connection is a tunnel from here on. */
export const TUNNEL = -5
/** What was cut off was too short to be called a head. */
export const NO_HEAD = -6

export function requestFraming(fields: FramingFields): Framing {
  if (fields.coding === CHUNKED_CODING) return CHUNKED // rules 3 and 4: overrides Content-Length
  if (fields.coding !== NO_CODING) return UNKNOWN // rule 4: the server answers 400 and closes
  if (fields.contentLength === CONFLICTING) return UNKNOWN // rule 5, likewise
  return fields.contentLength > 0 ? fields.contentLength : 0 // rules 6 and 7
}

/** @param method of the request, empty when unknown @param status 100 to 999 */
export function responseFraming(fields: FramingFields, method: string, status: number): Framing {
  if (status === 101) return TUNNEL // RFC 9110 §15.2.2
  if (status < 200) return INTERIM
  if (method === 'HEAD' || status === 204 || status === 304) return 0 // rule 1
  if (method === 'CONNECT' && status < 300) return TUNNEL // rule 2
  if (fields.coding !== NO_CODING) return fields.coding === CHUNKED_CODING ? CHUNKED : UNTIL_CLOSE
  if (fields.contentLength === CONFLICTING) return UNKNOWN
  return fields.contentLength >= 0 ? fields.contentLength : UNTIL_CLOSE // rules 6 and 8
}
