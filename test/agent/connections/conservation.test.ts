/** Whatever the kernel folds and whatever is lost on the way: the reader makes the truth of it, and counts the losses. */
import test, { type ExecutionContext } from 'ava'
import fc from 'fast-check'
import { ConnectionReader } from '../../../agent/connections/reader.ts'
import { type Call, type Fate, KernelConnection, type Passage, type Truth, content } from './kernel.ts'
import { type Event, Events } from './listener.ts'
import { batch } from './records.ts'

const NONE: Passage = { bytes: 0, framing: 0, ended: false, lost: false }

/** @param losses walks may be lost */
function passages(losses: boolean): fc.Arbitrary<Passage> {
  const lost = losses ? fc.boolean() : fc.constant(false)
  return fc
    .record({ bytes: fc.integer({ min: 1, max: 5000 }), framing: fc.nat(500), ended: fc.boolean(), lost })
    .map((passage) => ({ ...passage, framing: Math.min(passage.framing, passage.bytes) }))
}

/** Every shape of a call that bpf/transfer.h can make. */
function calls(fates: readonly Fate[], losses: boolean): fc.Arbitrary<Call> {
  const walked = passages(losses)
  const unended = walked.map((passage) => ({ ...passage, ended: false }))
  const unwalked = walked.map(({ bytes }) => ({ ...NONE, bytes }))
  const captured = fc.integer({ min: 1, max: 60 })
  const direction = fc.constantFrom<0 | 1>(0, 1)
  const fate = fc.constantFrom(...fates)
  const none = fc.constant(NONE)
  const shapes = [
    fc.record({ direction, skipped: none, captured, rest: fc.oneof(none, unwalked, walked), fate }),
    fc.record({ direction, skipped: walked.map(lostWithoutEnd), captured, rest: none, fate }),
    fc.record({
      direction,
      skipped: walked.map(lostWithoutEnd),
      captured: fc.constant(0),
      rest: none,
      fate: fc.constantFrom(...fates, 'folded' as const),
    }),
    fc.record({ direction, skipped: unended.map(lostWithoutEnd), captured, rest: unwalked, fate }),
  ]
  return fc.oneof(...shapes)
}

/** The walk before the captured bytes ends where it is lost, or with the body. */
const lostWithoutEnd = (passage: Passage): Passage => ({ ...passage, ended: passage.ended && !passage.lost })

type Step = { step: 'call' | 'begin'; call: Call } | { step: 'end'; direction: 0 | 1 } | { step: 'progress' }

/** Calls one after the other. */
function quietly(fates: readonly Fate[], losses: boolean): fc.Arbitrary<Step[]> {
  const call = fc.record({ step: fc.constant('call' as const), call: calls(fates, losses) })
  const progress = fc.record({ step: fc.constant('progress' as const) })
  return fc.array(fc.oneof({ weight: 6, arbitrary: call }, { weight: 1, arbitrary: progress }), {
    maxLength: 40,
  })
}

/** Two threads, one in each direction: the records of one overtake those of the other. */
const atOnce = (fates: readonly Fate[]): fc.Arbitrary<Step[]> =>
  fc.array(
    fc.oneof(
      fc.record({ step: fc.constant('begin' as const), call: calls(fates, true).map(foldable) }),
      fc.record({ step: fc.constant('end' as const), direction: fc.constantFrom<0 | 1>(0, 1) }),
      fc.record({ step: fc.constant('progress' as const) }),
    ),
    { maxLength: 60 },
  )

/** Only what is not copied is folded. */
function foldable(call: Call): Call {
  return call.fate === 'folded' && call.captured > 0 ? { ...call, fate: 'told' } : call
}

function play(steps: readonly Step[]): KernelConnection {
  const kernel = new KernelConnection(77)
  for (const step of steps) {
    if (step.step === 'call') kernel.call(foldable(step.call))
    else if (step.step === 'begin') kernel.begin(step.call)
    else if (step.step === 'end') kernel.end(step.direction)
    else kernel.progress()
  }
  kernel.close()
  return kernel
}

interface Read {
  events: Event[]
  lost: number
  malformed: number
}

function read(batches: readonly Uint8Array[]): Read {
  const events = new Events()
  const reader = new ConnectionReader(events)
  for (const one of batches) reader.read(one)
  const { lost, malformed } = reader.counters
  return { events: events.of.get(77)!, lost, malformed }
}

/** Operations add up to the calls and bytes that were, and gaps and bytes to the stream, each byte at its place. */
function expectSums(t: ExecutionContext, kernel: KernelConnection, { events, malformed }: Read): void {
  const sums = [0, 1].map(() => ({ calls: 0, bytes: 0, position: 0 }))
  for (const event of events) {
    if (event.event === 'operation') {
      sums[event.direction]!.calls += event.count
      sums[event.direction]!.bytes += event.bytes
      t.true(event.startNs > 0 && event.startNs <= event.endNs, JSON.stringify(event))
    } else if (event.event === 'bytes') {
      const { position } = sums[event.direction]!
      const end = (sums[event.direction]!.position += event.text.length)
      t.is(event.text, Buffer.from(content(event.direction, position, end)).toString('latin1'))
    } else if (event.event === 'gap') {
      t.true(event.lengthBytes > 0)
      sums[event.direction]!.position += event.lengthBytes
    }
  }
  const truths = kernel.truth.map(({ calls, bytes }) => ({ calls, bytes, position: bytes }))
  t.deepEqual(sums, truths)
  t.is(malformed, 0)
}

/** The gaps of a direction with what the kernel found in exactly their bytes. */
function* gaps(events: readonly Event[], direction: number, truth: Truth) {
  let position = 0
  for (const event of events) {
    if (event.event === 'bytes' && event.direction === direction) position += event.text.length
    if (event.event !== 'gap' || event.direction !== direction) continue
    const end = position + event.lengthBytes
    const inside = [...truth.passages].filter(
      ([at, { bytes }]) => at >= position && at + bytes <= end && bytes > 0,
    )
    yield {
      walk: event.walk ?? { framingBytes: 0, ended: false, lost: false },
      inside: inside.map(([, one]) => one),
    }
    position = end
  }
}

function expectWalks(t: ExecutionContext, kernel: KernelConnection, { events }: Read, exact: boolean): void {
  for (const direction of [0, 1] as const) {
    for (const { walk, inside } of gaps(events, direction, kernel.truth[direction])) {
      if (walk.lost && !exact) continue
      const framingBytes = inside.reduce((sum, { framing }) => sum + framing, 0)
      const ends = inside.filter(({ ended }) => ended).length
      const lost = inside.some((passage) => passage.lost) || ends > 1
      t.deepEqual(walk, { framingBytes, ended: ends > 0, lost })
    }
  }
}

test('calls that are told and folded add up, and each gap gets exactly its own walk', (t) => {
  fc.assert(
    fc.property(quietly(['told'], false), (steps) => {
      const kernel = play(steps)
      const result = read([batch(...kernel.records)])
      expectSums(t, kernel, result)
      expectWalks(t, kernel, result, true)
      t.is(result.lost, 0)
    }),
    { numRuns: 500 },
  )
})

test('with lost records and lost walks the sums stay true, and a gap that says nothing was lost is exact', (t) => {
  fc.assert(
    fc.property(quietly(['told', 'lost'], true), (steps) => {
      const kernel = play(steps)
      const result = read([batch(...kernel.records)])
      expectSums(t, kernel, result)
      expectWalks(t, kernel, result, false)
      t.is(result.lost, kernel.truth[0].lostRecords + kernel.truth[1].lostRecords)
    }),
    { numRuns: 1000 },
  )
})

test('records of the two directions may overtake each other', (t) => {
  fc.assert(
    fc.property(atOnce(['told', 'folded']), (steps) => {
      const kernel = play(steps)
      const result = read([batch(...kernel.records)])
      expectSums(t, kernel, result)
      expectWalks(t, kernel, result, false)
      t.is(result.lost, 0)
    }),
    { numRuns: 1000 },
  )
})

test('and some of them may be lost', (t) => {
  fc.assert(
    fc.property(atOnce(['told', 'lost', 'folded']), (steps) => {
      const kernel = play(steps)
      const result = read([batch(...kernel.records)])
      expectSums(t, kernel, result)
      t.is(result.lost, kernel.truth[0].lostRecords + kernel.truth[1].lostRecords)
    }),
    { numRuns: 1000 },
  )
})

test('batches may be cut between any two records', (t) => {
  fc.assert(
    fc.property(
      atOnce(['told', 'lost', 'folded']),
      fc.array(fc.boolean(), { minLength: 70, maxLength: 70 }),
      (steps, cuts) => {
        const { records } = play(steps)
        const batches: Uint8Array[][] = [[]]
        records.forEach((record, i) => {
          if (cuts[i]) batches.push([])
          batches.at(-1)!.push(record)
        })
        t.deepEqual(read(batches.map((one) => batch(...one))), read([batch(...records)]))
      },
    ),
  )
})
