/** Trace contexts in request fields. Whatever is malformed is no context; nothing here throws. */
import type { TraceContext } from './analyzer.ts'
import { HYPHEN, octetsOf, skipSpace, startsWithName, trimSpace, ZERO } from './text/octets.ts'
import { textOf } from './text/text.ts'
import { decodeBase64 } from './text/base64.ts'

const ZIPKIN = 0
const SKYWALKING = 1

const SW8 = octetsOf('sw8:')
const B3 = octetsOf('b3:')
const B3_TRACE_ID = octetsOf('x-b3-traceid:')
const B3_SPAN_ID = octetsOf('x-b3-spanid:')
const TRACEPARENT = octetsOf('traceparent:')

/** The fields of one head; the first well-formed line of a kind counts. */
export class TraceFields {
  #sw8: TraceContext | undefined = undefined
  #b3: TraceContext | undefined = undefined
  #traceparent: TraceContext | undefined = undefined
  #b3TraceId = ''
  #b3SpanId = ''
  #seen = false

  reset(): void {
    if (!this.#seen) return
    this.#sw8 = this.#b3 = this.#traceparent = undefined
    this.#b3TraceId = this.#b3SpanId = ''
    this.#seen = false
  }

  /** The context of the head: sw8 is the backend's own and comes first, then b3 in its two forms, then W3C. */
  get context(): TraceContext | undefined {
    if (!this.#seen) return undefined
    return this.#sw8 ?? this.#b3 ?? this.#b3Multiple() ?? this.#traceparent
  }

  #b3Multiple(): TraceContext | undefined {
    if (this.#b3TraceId === '' || this.#b3SpanId === '') return undefined
    return zipkin(this.#b3TraceId, this.#b3SpanId)
  }

  /** A field line that begins with S, B, T or X. */
  field(chunk: Uint8Array, at: number, end: number): void {
    if (startsWithName(chunk, at, end, SW8)) this.sw8(chunk, at + SW8.length, end)
    else if (startsWithName(chunk, at, end, B3)) this.b3(chunk, at + B3.length, end)
    else if (startsWithName(chunk, at, end, TRACEPARENT))
      this.traceparent(chunk, at + TRACEPARENT.length, end)
    else if (startsWithName(chunk, at, end, B3_TRACE_ID)) this.b3TraceId(chunk, at + B3_TRACE_ID.length, end)
    else if (startsWithName(chunk, at, end, B3_SPAN_ID)) this.b3SpanId(chunk, at + B3_SPAN_ID.length, end)
  }

  /** The value of the field of this name; so the others. */
  sw8(chunk: Uint8Array, begin: number, end: number): void {
    this.#sw8 ??= this.#read(parseSw8, chunk, begin, end)
  }

  b3(chunk: Uint8Array, begin: number, end: number): void {
    this.#b3 ??= this.#read(parseB3, chunk, begin, end)
  }

  b3TraceId(chunk: Uint8Array, begin: number, end: number): void {
    this.#b3TraceId ||= this.#read(parseTraceId, chunk, begin, end)
  }

  b3SpanId(chunk: Uint8Array, begin: number, end: number): void {
    this.#b3SpanId ||= this.#read(parseSpanId, chunk, begin, end)
  }

  traceparent(chunk: Uint8Array, begin: number, end: number): void {
    this.#traceparent ??= this.#read(parseTraceparent, chunk, begin, end)
  }

  #read<T>(
    parse: (chunk: Uint8Array, begin: number, end: number) => T,
    chunk: Uint8Array,
    at: number,
    end: number,
  ): T {
    this.#seen = true
    const begin = skipSpace(chunk, at, end)
    return parse(chunk, begin, trimSpace(chunk, begin, end))
  }
}

const SW8_PARTS = 8
const SW8_TRACE_ID = 1
const SW8_SEGMENT_ID = 2
const SW8_SPAN_ID = 3

/**
 * SkyWalking cross-process propagation v3: eight parts joined by `-`, of which the trace id, the parent segment
 * id and the parent span id are kept: `1-BASE64(trace)-BASE64(segment)-3-...`.
 */
export function parseSw8(chunk: Uint8Array, begin: number, end: number): TraceContext | undefined {
  let traceId: string | undefined
  let segmentId: string | undefined
  let spanId = ''
  let at = begin
  for (let part = 0; part < SW8_PARTS; part++) {
    const partEnd = findHyphen(chunk, at, end)
    // The last part ends the value, the others do not.
    if ((partEnd === end) !== (part === SW8_PARTS - 1)) return undefined
    if (part === SW8_TRACE_ID) traceId = decodeBase64(chunk, at, partEnd)
    else if (part === SW8_SEGMENT_ID) segmentId = decodeBase64(chunk, at, partEnd)
    else if (part === SW8_SPAN_ID && isDecimal(chunk, at, partEnd)) spanId = textOf(chunk, at, partEnd)
    at = partEnd + 1
  }
  if (!traceId || !segmentId || spanId === '') return undefined
  return { provider: SKYWALKING, traceId, segmentId, spanId }
}

/** B3 single header: `TRACE-SPAN`, then optionally `-STATE` and `-PARENT`. A sampling state alone is no context. */
export function parseB3(chunk: Uint8Array, begin: number, end: number): TraceContext | undefined {
  const traceEnd = findHyphen(chunk, begin, end)
  if (traceEnd === end) return undefined
  const spanBegin = traceEnd + 1
  return zipkin(
    parseTraceId(chunk, begin, traceEnd),
    parseSpanId(chunk, spanBegin, findHyphen(chunk, spanBegin, end)),
  )
}

/** `00-TRACE-SPAN-FLAGS` (W3C Trace Context §3.2); later versions may add parts, version ff is forbidden. */
export function parseTraceparent(chunk: Uint8Array, begin: number, end: number): TraceContext | undefined {
  const TRACE = 3
  const SPAN = 36
  const FLAGS = 53
  const LENGTH = 55
  if (end - begin < LENGTH || !isHex(chunk, begin, begin + 2) || !isHex(chunk, begin + FLAGS, begin + LENGTH))
    return
  if (chunk[begin] === 0x66 && chunk[begin + 1] === 0x66) return undefined
  const isVersion0 = chunk[begin] === ZERO && chunk[begin + 1] === ZERO
  if (end - begin > LENGTH && (isVersion0 || chunk[begin + LENGTH] !== HYPHEN)) return undefined
  for (const at of [TRACE, SPAN, FLAGS]) if (chunk[begin + at - 1] !== HYPHEN) return undefined
  return zipkin(
    parseTraceId(chunk, begin + TRACE, begin + SPAN - 1),
    parseSpanId(chunk, begin + SPAN, begin + FLAGS - 1),
  )
}

function zipkin(traceId: string, spanId: string): TraceContext | undefined {
  if (traceId === '' || spanId === '') return undefined
  return { provider: ZIPKIN, traceId, segmentId: '', spanId }
}

/** 16 or 32 hexadecimal digits, not all zero; else the empty string. */
function parseTraceId(chunk: Uint8Array, begin: number, end: number): string {
  const length = end - begin
  return (length === 16 || length === 32) && isId(chunk, begin, end) ? textOf(chunk, begin, end) : ''
}

/** 16 hexadecimal digits, not all zero; else the empty string. */
function parseSpanId(chunk: Uint8Array, begin: number, end: number): string {
  return end - begin === 16 && isId(chunk, begin, end) ? textOf(chunk, begin, end) : ''
}

function isId(chunk: Uint8Array, begin: number, end: number): boolean {
  if (!isHex(chunk, begin, end)) return false
  for (let i = begin; i < end; i++) if (chunk[i] !== ZERO) return true
  return false
}

function isHex(chunk: Uint8Array, begin: number, end: number): boolean {
  for (let i = begin; i < end; i++) {
    const octet = chunk[i]!
    const lower = octet | 0x20
    if (!(octet >= 0x30 && octet <= 0x39) && !(lower >= 0x61 && lower <= 0x66)) return false
  }
  return true
}

function isDecimal(chunk: Uint8Array, begin: number, end: number): boolean {
  for (let i = begin; i < end; i++) if (chunk[i]! < 0x30 || chunk[i]! > 0x39) return false
  return end > begin
}

function findHyphen(chunk: Uint8Array, at: number, end: number): number {
  while (at < end && chunk[at] !== HYPHEN) at++
  return at
}
