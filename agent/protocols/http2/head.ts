/** What a header block says that an access log needs. */
import { Buffer } from 'node:buffer'
import type { TraceContext } from '../analyzer.ts'
import type { FieldReceiver } from '../hpack/decoder.ts'
import {
  AUTHORITY,
  B3,
  B3_SPAN_ID,
  B3_TRACE_ID,
  type FieldName,
  GRPC_STATUS,
  HOST,
  METHOD,
  PATH,
  STATUS,
  SW8,
  TRACEPARENT,
} from '../hpack/names.ts'
import { TraceFields } from '../trace.ts'

/** A trace context that is longer is none. */
const octets = Buffer.alloc(1024)

/** Reusable: one serves all connections, since it is read before the next block is decoded. */
export class Head implements FieldReceiver {
  method = ''
  /** Without the query. */
  path = ''
  /** 100 to 999; 0: none, or not known. */
  status = 0
  /** As in an exchange; of a block that ends a response. */
  grpcStatus: number | undefined = undefined
  /** A field could be any: it was put into the dynamic table before anybody looked. */
  hasUnknown = false
  #authority = ''
  #host = ''
  readonly #trace = new TraceFields()

  reset(): void {
    this.method = ''
    this.path = ''
    this.status = 0
    this.grpcStatus = undefined
    this.hasUnknown = false
    this.#authority = ''
    this.#host = ''
    this.#trace.reset()
  }

  /** RFC 9113 §8.3.1: the authority, and for requests converted from HTTP/1 the Host field. */
  get host(): string {
    return this.#authority || this.#host
  }

  get trace(): TraceContext | undefined {
    return this.#trace.context
  }

  /** Nothing that a request must have is there, nor what could be it. */
  get isTrailers(): boolean {
    return this.method === '' && this.path === '' && !this.hasUnknown
  }

  unknown(): void {
    this.hasUnknown = true
  }

  field(name: FieldName, value: string): void {
    switch (name) {
      case METHOD:
        this.method ||= value
        break
      case PATH:
        this.path ||= value
        break
      case STATUS:
        this.status ||= statusOf(value)
        break
      case GRPC_STATUS:
        this.grpcStatus ??= grpcStatusOf(value)
        break
      case AUTHORITY:
        this.#authority ||= value
        break
      case HOST:
        this.#host ||= value
        break
      default:
        this.#readTrace(name, value)
    }
  }

  #readTrace(name: FieldName, value: string): void {
    const length = octets.write(value, 'latin1')
    if (name === SW8) this.#trace.sw8(octets, 0, length)
    else if (name === TRACEPARENT) this.#trace.traceparent(octets, 0, length)
    else if (name === B3) this.#trace.b3(octets, 0, length)
    else if (name === B3_TRACE_ID) this.#trace.b3TraceId(octets, 0, length)
    else if (name === B3_SPAN_ID) this.#trace.b3SpanId(octets, 0, length)
  }
}

/** Three digits, else 0. */
function statusOf(text: string): number {
  const status = text.length === 3 ? Number(text) : 0
  return status >= 100 && status <= 999 ? status : 0
}

/** Codes end at 16 today; a service may send others, and clients take them. Undefined: no number that could be one. */
function grpcStatusOf(text: string): number | undefined {
  return /^\d{1,9}$/.test(text) ? Number(text) : undefined
}
