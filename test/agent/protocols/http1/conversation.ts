/** Random valid conversations: a model, its bytes on the wire, and what must be logged of it. */
import { Buffer } from 'node:buffer'
import fc from 'fast-check'
import { REQUEST, RESPONSE, type Exchange, type StreamName } from '../../../../agent/protocols/analyzer.ts'

/** A piece of a stream: bytes; body data, which may pass uncaptured; or a chunked body that the kernel walks over. */
export type Part = { text: string } | { dataBytes: number } | { walkedBytes: number; framingBytes: number }

interface BodyModel {
  framing: 'none' | 'length' | 'chunked' | 'close'
  /** Of each chunk; of the whole body otherwise. */
  sizes: number[]
  extension: string
  trailer: string
  /** The kernel walks over it; it loses its way at bare LF and at trailers, so it is not tried with those. */
  walked: boolean
}

interface ExchangeModel {
  method: string
  path: string
  query: string
  host: string
  version: string
  padding: number
  request: BodyModel
  interim: string[]
  status: number
  response: BodyModel
}

/** Groups are pipelined: all requests, then all responses. */
export interface ConversationModel {
  groups: ExchangeModel[][]
  lineEnd: '\r\n' | '\n'
}

const words = fc.stringMatching(/^[a-z0-9]{0,12}$/)
const size = fc.oneof(fc.integer({ min: 1, max: 20 }), fc.integer({ min: 1, max: 100_000 }))

const body = (...framings: BodyModel['framing'][]): fc.Arbitrary<BodyModel> =>
  fc.record({
    framing: fc.constantFrom(...framings),
    sizes: fc.array(size, { minLength: 1, maxLength: 3 }),
    extension: fc.constantFrom('', ';x', ';name="a b"'),
    trailer: fc.constantFrom('', 'X-Sum: 1'),
    walked: fc.boolean(),
  })

const exchange: fc.Arbitrary<ExchangeModel> = fc.record({
  method: fc.constantFrom('GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS', 'TRACE', 'PROPFIND'),
  path: fc.array(words, { maxLength: 3 }).map((parts) => `/${parts.join('/')}`),
  query: fc.constantFrom('', '?', '?a=1&b=/x?y', '#part'),
  host: fc.constantFrom('', 'a', 'shop.example:8080'),
  version: fc.constantFrom('HTTP/1.1', 'HTTP/1.0'),
  padding: fc.nat(200),
  request: body('none', 'none', 'length', 'chunked'),
  interim: fc.array(fc.constantFrom('100 Continue', '102 Processing', '103 Early Hints'), { maxLength: 2 }),
  status: fc.constantFrom(200, 201, 204, 304, 400, 404, 500, 503, 999),
  response: body('length', 'length', 'chunked'),
})

export const conversation: fc.Arbitrary<ConversationModel> = fc
  .record({
    groups: fc.array(fc.array(exchange, { minLength: 1, maxLength: 3 }), { minLength: 1, maxLength: 4 }),
    lineEnd: fc.constantFrom('\r\n' as const, '\r\n' as const, '\n' as const),
    last: body('length', 'close'),
  })
  .map(({ groups, lineEnd, last }) => {
    const final = groups.at(-1)!.at(-1)!
    groups.at(-1)![groups.at(-1)!.length - 1] = { ...final, response: last }
    return { groups, lineEnd }
  })

/** One direction's turn: parts in a row, with the message each belongs to. */
interface Turn {
  stream: StreamName
  parts: { part: Part; exchange: number }[]
}

/** What an exchange must look like, its times excepted. */
export type Expected = Omit<Exchange, 'startNs' | 'endNs'>

export function turnsOf({ groups, lineEnd }: ConversationModel): { turns: Turn[]; expected: Expected[] } {
  const turns: Turn[] = []
  const expected: Expected[] = []
  for (const group of groups) {
    const requests: Turn = { stream: REQUEST, parts: [] }
    const responses: Turn = { stream: RESPONSE, parts: [] }
    for (const model of group) {
      const index = expected.length
      requests.parts.push(...requestParts(model, lineEnd).map((part) => ({ part, exchange: index })))
      responses.parts.push(...responseParts(model, lineEnd).map((part) => ({ part, exchange: index })))
      expected.push(expectedOf(model, lineEnd))
    }
    turns.push(requests, responses)
  }
  return { turns, expected }
}

function requestHead(model: ExchangeModel, lineEnd: string): string {
  const { method, path, query, version, host, padding, request } = model
  const lines = [`${method} ${path}${query} ${version}`, `X-Padding: ${'x'.repeat(padding)}`]
  if (host !== '') lines.push(`Host: ${host}`)
  return lines.concat(framingFields(request), '', '').join(lineEnd)
}

function responseHeads({ interim, status, version, response }: ExchangeModel, lineEnd: string): string {
  const heads = interim.map((line) => [`${version} ${line}`, 'Content-Length: 7', '', ''].join(lineEnd))
  const final = [`${version} ${status} Reason`, 'Server: x', ...framingFields(response), '', '']
  return heads.join('') + final.join(lineEnd)
}

function framingFields({ framing, sizes }: BodyModel): string[] {
  if (framing === 'length') return [`Content-Length: ${sizes[0]}`]
  return framing === 'chunked' ? ['Content-Length: 3', 'Transfer-Encoding: gzip, chunked'] : []
}

const hasResponseBody = ({ method, status }: ExchangeModel) =>
  method !== 'HEAD' && status !== 204 && status !== 304

function requestParts(model: ExchangeModel, lineEnd: string): Part[] {
  return [{ text: requestHead(model, lineEnd) }, ...bodyParts(model.request, lineEnd)]
}

function responseParts(model: ExchangeModel, lineEnd: string): Part[] {
  const head = { text: responseHeads(model, lineEnd) }
  return hasResponseBody(model) ? [head, ...bodyParts(model.response, lineEnd)] : [head]
}

function bodyParts(model: BodyModel, lineEnd: string): Part[] {
  if (model.framing === 'none') return []
  if (model.framing !== 'chunked') return [{ dataBytes: model.sizes[0]! }]
  const parts = chunkParts(model, lineEnd)
  if (!model.walked || model.trailer !== '' || lineEnd === '\n') return parts
  const framingBytes = parts.reduce((sum, part) => sum + ('text' in part ? part.text.length : 0), 0)
  return [{ walkedBytes: framingBytes + bodyBytes(model), framingBytes }]
}

function chunkParts({ sizes, extension, trailer }: BodyModel, lineEnd: string): Part[] {
  const chunks = sizes.flatMap((bytes) => [
    { text: `${bytes.toString(16)}${extension}${lineEnd}` },
    { dataBytes: bytes },
    { text: lineEnd },
  ])
  const trailers = trailer === '' ? '' : trailer + lineEnd
  return [...chunks, { text: `0${extension}${lineEnd}${trailers}${lineEnd}` }]
}

const bodyBytes = ({ framing, sizes }: BodyModel): number => {
  if (framing === 'none') return 0
  return framing === 'chunked' ? sizes.reduce((sum, bytes) => sum + bytes, 0) : sizes[0]!
}

function expectedOf(model: ExchangeModel, lineEnd: string): Expected {
  const { method, path, host, version, status } = model
  return {
    method,
    path,
    host,
    version,
    requestHeaderBytes: Buffer.byteLength(requestHead(model, lineEnd)),
    requestBodyBytes: bodyBytes(model.request),
    status,
    responseHeaderBytes: Buffer.byteLength(responseHeads(model, lineEnd)),
    grpcStatus: undefined,
    responseBodyBytes: hasResponseBody(model) ? bodyBytes(model.response) : 0,
    trace: undefined,
    incomplete: [],
  }
}
