/** One connection as the records tell of it. */

/** What has been accounted for in one direction; the totals of a later record tell what passed in between. */
export interface Direction {
  bytes: number
  /** Calls, modulo 2^32. */
  calls: number
  /** DATA records, modulo 2^32. */
  records: number
  /** Totals of the walk over chunked bodies, modulo 2^32, 2^16 and 2^16. */
  framingBytes: number
  chunkedEnds: number
  walksLost: number
  /** The totals of the walk have moved on by something that no record told. */
  walkUnsure: boolean
  /** Return of the last call accounted for, CLOCK_MONOTONIC ns; 0 before the first. */
  lastEndNs: number
}

/** One end, by address. */
export interface SocketAddress {
  address: string
  port: number
}

export type Role = 'client' | 'server'
export type Origin = 'connect' | 'accept' | 'io' | 'scan'

/** Facts of the OPEN record. They never change, but for the role, which content can correct. */
export interface ConnectionFacts {
  /** Unique in one life of the helper. */
  readonly id: number
  /** Token to name the connection in commands to the helper. */
  readonly sock: bigint
  /** Process of first sight. */
  readonly pid: number
  readonly comm: string
  readonly cgroupId: number
  readonly origin: Origin
  readonly local: SocketAddress
  readonly remote: SocketAddress
  /** Inode number of the network namespace. */
  readonly netns: number
  /** False: its connect failed; nothing follows. */
  readonly success: boolean
  /** CLOCK_MONOTONIC ns of the connect, the accept or the first call; 0 when found by the scan. */
  readonly startNs: number
  readonly endNs: number
}

/** A followed connection. `Next` is what the next stage keeps with it. */
export interface Connection<Next> {
  readonly facts: ConnectionFacts
  /** By bpf direction: 0 ingress, 1 egress. */
  readonly directions: readonly [Direction, Direction]
  readonly next: Next
  /** Its bytes are TLS records: they mean nothing, and are only counted. */
  isSecured: boolean
  /** What the TLS records carry, as a connection of its own that makes no calls; undefined until some is seen. */
  plaintext: Connection<Next> | undefined
  /** It is the plaintext of another one. */
  readonly isPlaintext: boolean
}

export function followed<Next>(facts: ConnectionFacts, next: Next, isPlaintext: boolean): Connection<Next> {
  const directions = [unseenDirection(), unseenDirection()] as const
  return { facts, directions, next, isSecured: false, plaintext: undefined, isPlaintext }
}

export function unseenDirection(): Direction {
  return {
    bytes: 0,
    calls: 0,
    records: 0,
    framingBytes: 0,
    chunkedEnds: 0,
    walksLost: 0,
    walkUnsure: false,
    lastEndNs: 0,
  }
}
