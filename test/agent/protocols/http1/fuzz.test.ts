import test from 'ava'
import { REQUEST, RESPONSE, type Exchange, type StreamName } from '../../../../agent/protocols/analyzer.ts'
import { Http1 } from '../../../../agent/protocols/http1/analyzer.ts'
import { OUTSTANDING_MAX } from '../../../../agent/protocols/http1/exchanges.ts'
import { type Dice, dice } from '../dice.ts'
import type { Call } from '../calls.ts'
import { readCases } from './cases.ts'

const RUNS = Number(process.env['FUZZ_RUNS'] ?? 20_000)
const SEED = Number(process.env['FUZZ_SEED'] ?? Date.now() % 2 ** 31)
const HEAD_BYTES_MAX = 512

const corpus = readCases().map(({ calls }) => calls.filter((call) => call !== 'close'))

/** Octets that mean something to the grammar come up more often than others. */
const SIGNIFICANT = Array.from('\r\n :;,/?#0123456789abcdefGETHP.1-', (character) => character.charCodeAt(0))

function garbage({ below, pick }: Dice): Uint8Array {
  return Uint8Array.from({ length: 1 + below(60) }, () => (below(2) === 0 ? pick(SIGNIFICANT) : below(256)))
}

function mutate(call: Exclude<Call, 'close'>, random: Dice): Exclude<Call, 'close'>[] {
  const { below, pick } = random
  const stream: StreamName = below(20) === 0 ? pick([REQUEST, RESPONSE]) : call.stream
  if ('gapBytes' in call)
    return below(3) === 0 ? [] : [{ ...call, stream, gapBytes: below(3) === 0 ? below(50) : call.gapBytes }]
  const bytes = call.bytes.slice()
  const at = below(bytes.length)
  switch (below(8)) {
    case 0:
      bytes[at] = pick(SIGNIFICANT)
      return [{ stream, bytes }]
    case 1:
      bytes[at]! ^= 1 << below(8)
      return [{ stream, bytes }]
    case 2:
      return [
        { stream, bytes: bytes.subarray(0, at) },
        { stream, gapBytes: 1 + below(100) },
        { stream, bytes: bytes.subarray(at) },
      ]
    case 3:
      return [{ stream, bytes: bytes.subarray(at) }]
    case 4:
      return [
        { stream, bytes },
        { stream, bytes },
      ]
    case 5:
      return [
        { stream, bytes: garbage(random) },
        { stream, bytes },
      ]
    case 6:
      return [
        { stream, bytes: bytes.subarray(0, at) },
        { stream, bytes: bytes.subarray(at) },
      ]
    default:
      return [{ stream, bytes }]
  }
}

function someCalls(random: Dice): Exclude<Call, 'close'>[] {
  const { below, pick } = random
  if (below(10) === 0) {
    return Array.from({ length: 1 + below(10) }, () => ({
      stream: pick([REQUEST, RESPONSE]),
      bytes: garbage(random),
    }))
  }
  const conversations = Array.from({ length: 1 + below(3) }, () => pick(corpus))
  return conversations.flat().flatMap((call) => (below(3) === 0 ? mutate(call, random) : [call]))
}

/** What may be said of any input. @returns the first rule that was broken */
function violation(calls: readonly Exclude<Call, 'close'>[], side: 'server' | 'client'): string | undefined {
  const exchanges: Exchange[] = []
  const passed = [0, 0]
  const analyzer = new Http1((exchange) => exchanges.push(exchange), { side, headBytesMax: HEAD_BYTES_MAX })
  let ns = 0
  for (const call of calls) {
    if ('gapBytes' in call) {
      passed[call.stream]! += call.gapBytes
      analyzer.gap(call.stream, call.gapBytes, (ns += 10), (ns += 10), call.walk)
    } else {
      passed[call.stream]! += call.bytes.length
      analyzer.bytes(call.stream, call.bytes, 0, call.bytes.length, (ns += 10), (ns += 10))
    }
    if (analyzer.pending > OUTSTANDING_MAX + 1) return 'more is kept than allowed'
  }
  analyzer.close((ns += 10))
  if (analyzer.pending !== 0) return 'something is kept after the close'
  return exchanges.map((exchange) => implausible(exchange, ns)).find(Boolean) ?? invented(exchanges, passed)
}

function implausible(exchange: Exchange, nowNs: number): string | undefined {
  const { startNs, endNs, method, status, incomplete } = exchange
  if (!(startNs >= 0 && startNs <= endNs && endNs <= nowNs)) return `times ${startNs} to ${endNs}`
  if ((method === '') !== incomplete.includes('request.headers') && method === '')
    return 'no method, yet complete'
  if ((status === 0) !== incomplete.includes('response')) return 'no status, yet complete'
  if (status !== 0 && !(status >= 100 && status <= 999)) return `status ${status}`
  if (method === '' && status === 0) return 'an exchange of which nothing is known'
  if (new Set(incomplete).size !== incomplete.length) return 'something is unknown twice'
  return undefined
}

/** No more bytes may be logged than passed. */
function invented(exchanges: readonly Exchange[], passed: readonly number[]): string | undefined {
  let [requests, responses] = [0, 0]
  for (const exchange of exchanges) {
    requests += exchange.requestHeaderBytes + exchange.requestBodyBytes
    responses += exchange.responseHeaderBytes + exchange.responseBodyBytes
  }
  return requests <= passed[REQUEST]! && responses <= passed[RESPONSE]!
    ? undefined
    : 'more is logged than passed'
}

test(`${RUNS} damaged conversations, seed ${SEED}`, (t) => {
  for (let run = 0; run < RUNS; run++) {
    const random = dice(SEED + run * 2654435761)
    const calls = someCalls(random)
    const side = run % 2 === 0 ? 'server' : 'client'
    const broken = violation(calls, side)
    if (broken !== undefined) t.fail(`run ${run} on the ${side} side: ${broken}\n${show(calls)}`)
  }
  t.pass()
})

function show(calls: readonly Exclude<Call, 'close'>[]): string {
  return calls
    .map((call) => {
      const arrow = call.stream === REQUEST ? '>' : '<'
      return 'gapBytes' in call
        ? `${arrow} gap ${call.gapBytes}`
        : `${arrow} ${JSON.stringify(Buffer.from(call.bytes).toString('latin1'))}`
    })
    .join('\n')
}
