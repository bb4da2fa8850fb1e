/** Decodes blocks into what an access log needs of them, by name. */
import type { HpackDecoder } from '../../../../agent/protocols/hpack/decoder.ts'
import * as names from '../../../../agent/protocols/hpack/names.ts'

export type Fields = [name: string, value: string][]

const TEXTS = new Map<number, string>([
  [names.METHOD, ':method'],
  [names.PATH, ':path'],
  [names.STATUS, ':status'],
  [names.AUTHORITY, ':authority'],
  [names.HOST, 'host'],
  [names.SW8, 'sw8'],
  [names.TRACEPARENT, 'traceparent'],
  [names.B3, 'b3'],
  [names.B3_TRACE_ID, 'x-b3-traceid'],
  [names.B3_SPAN_ID, 'x-b3-spanid'],
  [names.GRPC_STATUS, 'grpc-status'],
])

const NEEDED = new Set(TEXTS.values())

/** What of these fields is needed: paths without their query. */
export function neededOf(fields: Fields): Fields {
  return fields
    .filter(([name]) => NEEDED.has(name))
    .map(([name, value]) => [name, name === ':path' ? value.replace(/[?#].*/, '') : value])
}

/** The fields of a block; `?` for one that is unknown, `malformed` at the end of a block that is. */
export function decode(decoder: HpackDecoder, block: Uint8Array): Fields {
  const fields: Fields = []
  const isWhole = decoder.decode(block, 0, block.length, {
    field: (name, value) => fields.push([TEXTS.get(name) ?? String(name), value]),
    unknown: () => fields.push(['?', '']),
  })
  if (!isWhole) fields.push(['malformed', ''])
  return fields
}

/** A block in hex, spaces ignored. */
export function hex(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text.replaceAll(' ', ''), 'hex'))
}
