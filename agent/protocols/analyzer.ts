/** The contract between connections and protocol analyzers: bytes and gaps in, exchanges out. */

import type { ChunkWalk } from '../connections/walk.ts'

export type { ChunkWalk }

/** The two byte streams of a connection, named by what they carry, not by who captured them. */
export const REQUEST = 0
export const RESPONSE = 1
export type StreamName = typeof REQUEST | typeof RESPONSE

/** Trace context found in a request. `provider` is the wire value: 0 Zipkin (b3, W3C), 1 SkyWalking (sw8). */
export interface TraceContext {
  provider: 0 | 1
  traceId: string
  /** Segment id (SkyWalking); empty for the others. */
  segmentId: string
  spanId: string
}

/** What an exchange could not tell, as listed in `incomplete` of the output. Never guessed instead. */
export type Unknown =
  'request' | 'request.headers' | 'request.bodyBytes' | 'response' | 'response.headers' | 'response.bodyBytes'

/**
 * One request with its response. Sizes are bytes on the wire; body bytes exclude chunk framing and trailers, and in
 * HTTP/2 frame headers and padding, while header bytes are those of the compressed header blocks, trailers included.
 */
export interface Exchange {
  /** CLOCK_MONOTONIC ns of the request's first byte: return of the read (server), entry of the write (client). */
  startNs: number
  /** CLOCK_MONOTONIC ns at which the call that moved the response's last byte returned. */
  endNs: number
  /** As sent, for example `GET`; empty when unknown. */
  method: string
  /** Request target as sent, without query string and fragment. */
  path: string
  /** Host header as sent, empty when absent. */
  host: string
  /** `HTTP/1.0`, `HTTP/1.1` or `HTTP/2`. */
  version: string
  requestHeaderBytes: number
  requestBodyBytes: number
  /** 100 to 999; 0 when unknown. */
  status: number
  /** gRPC only: the status that the call ended with, 0 is OK; undefined when there is none or it is unknown. */
  grpcStatus: number | undefined
  /** Final response head, interim (1xx) heads before it included. */
  responseHeaderBytes: number
  responseBodyBytes: number
  trace: TraceContext | undefined
  /** Empty when everything is known. */
  incomplete: readonly Unknown[]
}

/** Is it what was asked for? `partial`: so far yes, but the bytes end before it is certain. */
export type Verdict = 'yes' | 'no' | 'partial'

/** Called once per finished exchange, in the order in which they finish. The object is the receiver's. */
export type OnExchange = (exchange: Exchange) => void

/**
 * A pure state machine: no timers, no I/O, no logger. Never throws, whatever the bytes.
 * Memory is bounded: what it holds of one message never exceeds the capture limit.
 */
export interface Analyzer {
  /**
   * Captured bytes `chunk[begin, end)` of one stream, in stream order. The chunk is valid during the call only.
   * @param startNs entry of the call that moved them @param endNs its return
   */
  bytes(
    stream: StreamName,
    chunk: Uint8Array,
    begin: number,
    end: number,
    startNs: number,
    endNs: number,
  ): void
  /**
   * `lengthBytes` passed in one stream without being captured: folded bodies, or lost records.
   * @param walk given when the kernel walked over chunks in them; it may have taken other bytes for chunks, so it
   * means something to an analyzer that is in a chunked body only
   */
  gap(stream: StreamName, lengthBytes: number, startNs: number, endNs: number, walk?: ChunkWalk): void
  /**
   * One call on a connection that the kernel knows to speak HTTP/2: `chunk[begin, end)` is what it moved, without the
   * payloads of DATA frames and of extensions (RFC 9113 §4.1). What of them stands before `begin` comes as a gap before.
   * @param omittedBytes of the call that are left out after `begin`
   * @param isAligned the header of a frame begins at `begin`
   * @returns false when the analyzer does not speak it
   */
  framed?(
    stream: StreamName,
    chunk: Uint8Array,
    begin: number,
    end: number,
    omittedBytes: number,
    isAligned: boolean,
    startNs: number,
    endNs: number,
  ): boolean
  /**
   * The connection is over: finish what can be finished (close-delimited bodies), log what is known of the rest.
   * @param isOver false: only the watching ends; the size of a body that goes on is not known
   */
  close(timeNs: number, isOver?: boolean): void
  /** True once the connection no longer speaks this protocol (Upgrade, CONNECT, not HTTP at all). Final. */
  readonly tunnel: boolean
  /** Exchanges begun and not yet finished. */
  readonly pending: number
}
