/** The cases, damaged: what may be said of any input. FUZZ_RUNS and FUZZ_SEED choose how many, and which. */
import test from 'ava'
import { REQUEST, RESPONSE, type Exchange, type StreamName } from '../../../../agent/protocols/analyzer.ts'
import { FRAME_HEADER_BYTES } from '../../../../agent/protocols/http2/frame.ts'
import { Http2 } from '../../../../agent/protocols/http2/analyzer.ts'
import { STREAMS_MAX } from '../../../../agent/protocols/http2/streams.ts'
import { type Dice, dice } from '../dice.ts'
import type { Call } from '../calls.ts'
import { readCases } from './cases.ts'
import { KernelFrames } from './kernel-frames.ts'

type Moved = Exclude<Call, 'close'>

const RUNS = Number(process.env['FUZZ_RUNS'] ?? 10_000)
const SEED = Number(process.env['FUZZ_SEED'] ?? Date.now() % 2 ** 31)

const corpus = readCases().map(({ calls }) => calls.filter((call) => call !== 'close'))

/** Numbers that mean something to frames and to HPACK come up more often than others. */
const SIGNIFICANT = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0x20, 0x3f, 0x40, 0x7f, 0x80, 0x82, 0xbe, 0xff]

function garbage({ below, pick }: Dice): Uint8Array {
  return Uint8Array.from({ length: 1 + below(60) }, () => (below(2) === 0 ? pick(SIGNIFICANT) : below(256)))
}

function mutate(call: Moved, random: Dice): Moved[] {
  const { below, pick } = random
  const stream: StreamName = below(20) === 0 ? pick([REQUEST, RESPONSE]) : call.stream
  if ('gapBytes' in call)
    return below(3) === 0 ? [] : [{ stream, gapBytes: below(3) === 0 ? below(50) : call.gapBytes }]
  const bytes = call.bytes.slice()
  const at = below(bytes.length)
  const [head, tail] = [bytes.subarray(0, at), bytes.subarray(at)]
  switch (below(8)) {
    case 0:
      bytes[at] = pick(SIGNIFICANT)
      return [{ stream, bytes }]
    case 1:
      bytes[below(Math.min(bytes.length, FRAME_HEADER_BYTES))]! ^= 1 << below(8)
      return [{ stream, bytes }]
    case 2:
      return [
        { stream, bytes: head },
        { stream, gapBytes: 1 + below(100) },
        { stream, bytes: tail },
      ]
    case 3:
      return [{ stream, bytes: tail }]
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
        { stream, bytes: head },
        { stream, bytes: tail },
      ]
    default:
      return [{ stream, bytes: head }]
  }
}

function someCalls(random: Dice): Moved[] {
  const { below, pick } = random
  const conversations = Array.from({ length: 1 + below(4) }, () => pick(corpus))
  return conversations.flat().flatMap((call) => (below(3) === 0 ? mutate(call, random) : [call]))
}

/** @param isFramed as the kernel would tell the calls @returns the first rule that was broken */
function violation(calls: readonly Moved[], run: number, isFramed: boolean): string | undefined {
  const exchanges: Exchange[] = []
  const passed = [0, 0]
  const options = { side: run & 1 ? 'server' : 'client', isComplete: (run & 2) === 0 } as const
  const analyzer = new Http2((exchange) => exchanges.push(exchange), options)
  const kernel = [new KernelFrames(options.isComplete), new KernelFrames(options.isComplete)] as const
  let ns = 0
  for (const call of calls) {
    const [startNs, endNs] = [(ns += 10), (ns += 10)]
    if ('gapBytes' in call) {
      passed[call.stream]! += call.gapBytes
      analyzer.gap(call.stream, call.gapBytes, startNs, endNs)
      kernel[call.stream].pass(call.gapBytes)
      continue
    }
    passed[call.stream]! += call.bytes.length
    if (!isFramed) analyzer.bytes(call.stream, call.bytes, 0, call.bytes.length, startNs, endNs)
    else {
      const { skipped, captured, isAligned } = kernel[call.stream].walk(call.bytes)
      const omitted = call.bytes.length - skipped - captured.length
      if (skipped > 0) analyzer.gap(call.stream, skipped, startNs, endNs)
      analyzer.framed(call.stream, captured, 0, captured.length, omitted, isAligned, startNs, endNs)
    }
    if (analyzer.pending > STREAMS_MAX) return 'more is kept than allowed'
  }
  analyzer.close((ns += 10))
  if (analyzer.pending !== 0) return 'something is kept after the close'
  return exchanges.map((exchange) => implausible(exchange, ns)).find(Boolean) ?? invented(exchanges, passed)
}

function implausible(exchange: Exchange, nowNs: number): string | undefined {
  const { startNs, endNs, method, path, status, incomplete } = exchange
  if (!(startNs >= 0 && startNs <= endNs && endNs <= nowNs)) return `times ${startNs} to ${endNs}`
  if ((method === '' || path === '') && !incomplete.includes('request'))
    return 'no method or path, yet complete'
  if ((status === 0) !== incomplete.includes('response')) return 'no status, yet complete'
  if (status !== 0 && !(status >= 100 && status <= 999)) return `status ${status}`
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
  // The request of a promised stream is sent by the server.
  return responses <= passed[RESPONSE]! && requests + responses <= passed[REQUEST]! + passed[RESPONSE]!
    ? undefined
    : 'more is logged than passed'
}

test(`${RUNS} damaged conversations, seed ${SEED}`, (t) => {
  for (let run = 0; run < RUNS; run++) {
    const calls = someCalls(dice(SEED + run * 2654435761))
    const broken = violation(calls, run, false) ?? violation(calls, run, true)
    if (broken !== undefined) t.fail(`run ${run}: ${broken}\n${show(calls)}`)
  }
  t.pass()
})

function show(calls: readonly Moved[]): string {
  return calls
    .map((call) => {
      const arrow = call.stream === REQUEST ? '>' : '<'
      return 'gapBytes' in call
        ? `${arrow} gap ${call.gapBytes}`
        : `${arrow} HEX ${Buffer.from(call.bytes).toString('hex')}`
    })
    .join('\n')
}
