import test from 'ava'
import { Buffer } from 'node:buffer'
import fc from 'fast-check'
import { REQUEST, type StreamName } from '../../../../agent/protocols/analyzer.ts'
import { type Call, cutInTwo, lengthOf, type TimedCall } from '../calls.ts'
import { conversation, type Part, turnsOf } from './conversation.ts'
import { replay } from './replay.ts'

/** Captured up to here, body data passes as bytes; beyond, as a gap. */
const CAPTURED_DATA_MAX = 64

interface Piece {
  call: Call
  /** Exchange whose bytes are first and last in it. */
  exchange: number
}

/** Cuts and joins at random: adjacent bytes of a turn become one call, calls are cut anywhere. */
function callsOf(turns: ReturnType<typeof turnsOf>['turns'], random: () => number) {
  const times: { first: number; last: number }[] = []
  const calls: TimedCall[] = []
  for (const { stream, parts } of turns) {
    for (const joined of joinPieces(
      parts.flatMap(({ part, exchange }) => piecesOf(stream, part, exchange, random)),
      random,
    )) {
      const startNs = 1000 * (calls.length + 1)
      for (const { exchange } of joined) {
        times[exchange] ??= { first: startNs, last: 0 }
        times[exchange].last = startNs + 100
      }
      calls.push({ call: join(stream, joined), startNs, endNs: startNs + 100 })
    }
  }
  return { calls, times }
}

function piecesOf(stream: StreamName, part: Part, exchange: number, random: () => number): Piece[] {
  if ('text' in part)
    return cutRandomly({ stream, bytes: new Uint8Array(Buffer.from(part.text)) }, exchange, random)
  if ('walkedBytes' in part) {
    const walk = { framingBytes: part.framingBytes, ended: true, lost: false }
    return [{ call: { stream, gapBytes: part.walkedBytes, walk }, exchange }]
  }
  const captured = Math.min(part.dataBytes, Math.floor(random() * CAPTURED_DATA_MAX))
  const data = { stream, bytes: new Uint8Array(captured).fill(0x64) }
  const gap = { stream, gapBytes: part.dataBytes - captured }
  return [data, gap]
    .filter((call) => lengthOf(call) > 0)
    .flatMap((call) => cutRandomly(call, exchange, random))
}

function cutRandomly(call: Call, exchange: number, random: () => number): Piece[] {
  const length = lengthOf(call)
  if (length < 2 || random() < 0.6) return [{ call, exchange }]
  const at = 1 + Math.floor(random() * (length - 1))
  return cutInTwo({ call, startNs: 0, endNs: 0 }, at).flatMap((half) =>
    cutRandomly(half.call, exchange, random),
  )
}

/** Rows of pieces that make one call each: gaps stay alone, bytes are joined until the dice say no. */
function joinPieces(pieces: Piece[], random: () => number): Piece[][] {
  const rows: Piece[][] = []
  for (const piece of pieces) {
    const row = rows.at(-1)
    const joins = row !== undefined && isBytes(row[0]!.call) && isBytes(piece.call) && random() < 0.6
    if (joins) row.push(piece)
    else rows.push([piece])
  }
  return rows
}

const isBytes = (call: Call): call is { stream: StreamName; bytes: Uint8Array } =>
  call !== 'close' && 'bytes' in call

function join(stream: StreamName, pieces: Piece[]): Call {
  if (!isBytes(pieces[0]!.call)) return pieces[0]!.call
  return { stream, bytes: Buffer.concat(pieces.map(({ call }) => (call as { bytes: Uint8Array }).bytes)) }
}

for (const side of ['server', 'client'] as const) {
  test(`whatever is said, and however it is cut, is logged: ${side} side`, (t) => {
    const property = fc.property(
      conversation,
      fc.infiniteStream(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })),
      (model, dice) => {
        const random = () => dice.next().value as number
        const { turns, expected } = turnsOf(model)
        const { calls, times } = callsOf(turns, random)
        const closeNs = 1000 * (calls.length + 1)
        const events = replay([...calls, { call: 'close', startNs: closeNs, endNs: closeNs }], {
          side,
          headBytesMax: 8192,
        })
        const exchanges = events.filter((event) => typeof event !== 'string')
        // The server has a request when its read returns, the client sends it when its write is entered.
        const toFirstByte = side === 'server' ? 100 : 0
        t.deepEqual(
          exchanges,
          expected.map((one, i) => ({
            startNs: times[i]!.first + toFirstByte,
            endNs: times[i]!.last,
            ...one,
          })),
        )
      },
    )
    fc.assert(property, { numRuns: 1500 })
  })
}

test('requests come first in the model', (t) => {
  const [sample] = fc.sample(conversation, 1)
  t.is(turnsOf(sample!).turns[0]!.stream, REQUEST)
})
