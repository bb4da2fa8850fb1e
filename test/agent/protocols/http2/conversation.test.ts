/** Random conversations: streams, their frames interleaved at random, calls cut at random; each is logged as it was made. */
import { Buffer } from 'node:buffer'
import test from 'ava'
import fc from 'fast-check'
import { REQUEST, RESPONSE, type Exchange, type StreamName } from '../../../../agent/protocols/analyzer.ts'
import { frame, integer, string } from './wire.ts'
import type { TimedCall } from '../calls.ts'
import { replay } from './replay.ts'

type Field = readonly [name: string, value: string]

interface Message {
  fields: Field[]
  data: { bytes: number; padding: number }[]
  trailers: boolean
}
interface Model {
  method: string
  path: string
  host: string
  status: number
  request: Message
  response: Message
}

const data = fc.array(fc.record({ bytes: fc.nat(300), padding: fc.integer({ min: -1, max: 40 }) }), {
  maxLength: 3,
})
const others = fc.array(
  fc
    .tuple(fc.stringMatching(/^[a-z-]{1,12}$/), fc.stringMatching(/^[ -~]{0,30}$/))
    .filter(([name]) => name !== 'host'),
  { maxLength: 4 },
)
const message = fc.record({ fields: others, data, trailers: fc.boolean() })
const model: fc.Arbitrary<Model> = fc.record({
  method: fc.constantFrom('GET', 'POST', 'PROPFIND'),
  path: fc.stringMatching(/^\/[a-z0-9/_-]{0,30}$/),
  host: fc.constantFrom('a', 'shop.example:8080'),
  status: fc.constantFrom(200, 204, 418, 500),
  request: message,
  response: message,
})

/** Encodes with a table that is never full; which form a field takes is drawn. */
class Encoder {
  readonly #table: string[] = []
  readonly #draw: (below: number) => number

  constructor(draw: (below: number) => number) {
    this.#draw = draw
  }

  block(fields: readonly Field[]): Buffer {
    return Buffer.concat(fields.map((field) => this.#field(field)))
  }

  #field([name, value]: Field): Buffer {
    const known = this.#table.indexOf(`${name}\0${value}`)
    if (known >= 0 && this.#draw(4) > 0) return integer(0x80, 7, 62 + known)
    const isInserted = this.#draw(2) === 0 && this.#table.length < 40
    const literal = Buffer.concat([string(name, this.#draw(2) === 0), string(value, this.#draw(2) === 0)])
    if (isInserted) this.#table.unshift(`${name}\0${value}`)
    return Buffer.concat([Buffer.from([isInserted ? 0x40 : this.#draw(2) * 0x10]), literal])
  }
}

/** The frames of a message; those of a block must not be parted, so they are one. */
function framesOf(
  id: number,
  head: Field[],
  { fields, data, trailers }: Message,
  draw: (below: number) => number,
) {
  const frames: ((encoder: Encoder) => { bytes: Buffer; blockBytes: number; bodyBytes: number })[] = []
  const block = (list: readonly Field[], ends: boolean) => (encoder: Encoder) => {
    const block = encoder.block(list)
    const at = draw(block.length + 1)
    const parts = draw(2) === 0 ? [block] : [block.subarray(0, at), block.subarray(at)]
    const bytes = parts.map((part, i) =>
      frame(i === 0 ? 1 : 9, (i === parts.length - 1 ? 4 : 0) | (i === 0 && ends ? 1 : 0), id, part),
    )
    return { bytes: Buffer.concat(bytes), blockBytes: block.length, bodyBytes: 0 }
  }
  const isBodyless = data.length === 0 && !trailers
  frames.push(block([...head, ...fields], isBodyless))
  for (const [i, { bytes, padding }] of data.entries()) {
    const ends = !trailers && i === data.length - 1 ? 1 : 0
    const body = Buffer.alloc(bytes, 'x')
    const payload = padding < 0 ? body : Buffer.concat([Buffer.from([padding]), body, Buffer.alloc(padding)])
    frames.push(() => ({
      bytes: frame(0, ends | (padding < 0 ? 0 : 8), id, payload),
      blockBytes: 0,
      bodyBytes: bytes,
    }))
  }
  if (trailers) frames.push(block([['checksum', 'abc']], true))
  return frames
}

type Expected = Pick<
  Exchange,
  | 'method'
  | 'path'
  | 'host'
  | 'status'
  | 'requestHeaderBytes'
  | 'requestBodyBytes'
  | 'responseHeaderBytes'
  | 'responseBodyBytes'
>

function play(models: readonly Model[], draw: (below: number) => number) {
  const encoders = [new Encoder(draw), new Encoder(draw)] as const
  const expected: Expected[] = models.map(({ method, path, host, status }) => ({
    method,
    path,
    host,
    status,
    requestHeaderBytes: 0,
    requestBodyBytes: 0,
    responseHeaderBytes: 0,
    responseBodyBytes: 0,
  }))
  /** Requests begin in order, and a response after its request has begun. */
  const streams = models.map((one, i) => ({
    index: i,
    request: framesOf(2 * i + 1, requestHead(one), one.request, draw),
    response: framesOf(2 * i + 1, [[':status', String(one.status)]], one.response, draw),
    begun: false,
  }))
  const calls: { stream: StreamName; bytes: Buffer }[] = []
  for (;;) {
    const next = streams.find(({ begun }) => !begun)
    const ready = streams.filter(
      ({ begun, request, response }) => begun && request.length + response.length > 0,
    )
    const one = next && (ready.length === 0 || draw(3) === 0) ? next : ready[draw(Math.max(ready.length, 1))]
    if (one === undefined) break
    const isRequest = !one.begun || (one.request.length > 0 && (one.response.length === 0 || draw(2) === 0))
    one.begun = true
    const made = (isRequest ? one.request : one.response).shift()!(encoders[isRequest ? REQUEST : RESPONSE])
    const log = expected[one.index]!
    log[isRequest ? 'requestHeaderBytes' : 'responseHeaderBytes'] += made.blockBytes
    log[isRequest ? 'requestBodyBytes' : 'responseBodyBytes'] += made.bodyBytes
    const stream = isRequest ? REQUEST : RESPONSE
    const last = calls.at(-1)
    if (last?.stream === stream && draw(2) === 0) last.bytes = Buffer.concat([last.bytes, made.bytes])
    else calls.push({ stream, bytes: made.bytes })
  }
  return { calls, expected }
}

function requestHead({ method, path, host }: Model): Field[] {
  return [
    [':method', method],
    [':path', path],
    [':authority', host],
  ]
}

test('random conversations are logged as they were made, however they are cut and framed', (t) => {
  const property = fc.property(
    fc.array(model, { minLength: 1, maxLength: 6 }),
    fc.infiniteStream(fc.nat(2 ** 20)),
    fc.boolean(),
    (models, numbers, isFramed) => {
      const draw = (below: number) => numbers.next().value! % below
      const { calls, expected } = play(models, draw)
      let ns = 0
      const timed: TimedCall[] = calls.flatMap(({ stream, bytes }) => {
        const times = { startNs: (ns += 10), endNs: (ns += 10) }
        const at = draw(bytes.length + 1)
        const pieces = at === 0 || at === bytes.length ? [bytes] : [bytes.subarray(0, at), bytes.subarray(at)]
        return pieces.map((piece) => ({ ...times, call: { stream, bytes: new Uint8Array(piece) } }))
      })
      const events = replay(timed, { side: 'server', isComplete: true }, isFramed) as Exchange[]
      const logged = events.map(({ startNs: _s, endNs: _e, version: _v, trace: _t, incomplete, ...rest }) => {
        if (incomplete.length > 0) throw new Error(`incomplete: ${incomplete.join()}`)
        return JSON.stringify(rest, Object.keys(expected[0]!).sort())
      })
      const wanted = expected.map((one) => JSON.stringify(one, Object.keys(one).sort()))
      t.deepEqual(logged.sort(), wanted.sort())
    },
  )
  fc.assert(property, { numRuns: 400 })
})
