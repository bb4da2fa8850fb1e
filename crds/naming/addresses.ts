/**
 * The contract of `POST /v1/addresses`, by which agents ask the operator whose an address is. Owner of its bytes.
 *
 * Request: `Authorization: Bearer <service-account token for ADDRESSES_AUDIENCE>` and a JSON AddressesRequest of at
 * most ADDRESSES_BODY_BYTES_MAX. Answers: 200 with an AddressesResponse; 400 not such a body; 401 the token is not
 * valid; 403 it is not an agent's; 413 too many; 503 with Retry-After (seconds) while the directory is being read.
 */

export const ADDRESSES_PATH = '/v1/addresses'
/** Where the operator listens by default, in plain text: the token is good for this alone, and nothing else is asked. */
export const ADDRESSES_PORT = 8081
/** `audiences` of the projected token. */
export const ADDRESSES_AUDIENCE = 'accesslog-operator'
/** Addresses in one request. */
export const ADDRESSES_MAX = 1_000
export const ADDRESSES_BODY_BYTES_MAX = 64 * 1024

export interface AddressesRequest {
  /** IPv4 or IPv6 as text, 1 to ADDRESSES_MAX. */
  addresses: string[]
}

export interface AddressesResponse {
  /** By address as it was asked; one that nothing in the cluster has is missing. */
  addresses: Record<string, AddressOwner>
  /** How long answers, and that there is none, may be kept. */
  maxAgeMs: number
}

export interface AddressOwner {
  kind: 'Pod' | 'Service'
  /** `<service>.<namespace>`, with `<cluster>::` before it when the operator knows the cluster's name. */
  service: string
  namespace: string
  /** Name of the pod; missing for the address of a Service. */
  pod?: string
  /** Name of the container; only when the pod has just one. */
  container?: string
}
