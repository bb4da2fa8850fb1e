import test from 'ava'
import fc from 'fast-check'
import { Frames } from '../../../agent/helper/frames.ts'
import { everyCut } from './cuts.ts'
import { frameOf } from './fixtures/peer.ts'

const STREAM = Buffer.concat(['a', 'bcd', 'x'.repeat(300), 'é'].map((text) => frameOf(Buffer.from(text))))

function split(chunks: Iterable<Uint8Array>, maxBytes = 1_000): string[] {
  const frames = new Frames(maxBytes)
  return [...chunks].flatMap((chunk) => [...frames.push(chunk)].map((frame) => Buffer.from(frame).toString()))
}

test('frames are the same at every cut', (t) => {
  for (const cut of everyCut(STREAM)) t.deepEqual(split(cut), ['a', 'bcd', 'x'.repeat(300), 'é'])
})

test('any frames at any cuts come out as they went in', (t) => {
  const bodies = fc.array(fc.uint8Array({ minLength: 1, maxLength: 40 }), { maxLength: 20 })
  const cuts = fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1 })
  const holds = fc.property(bodies, cuts, (frames, lengths) => {
    const stream = Buffer.concat(frames.map(frameOf))
    const splitter = new Frames(40)
    const found: Buffer[] = []
    for (let at = 0, turn = 0; at < stream.length; turn += 1) {
      const length = lengths[turn % lengths.length] ?? 1
      for (const frame of splitter.push(stream.subarray(at, at + length))) found.push(Buffer.from(frame))
      at += length
    }
    t.deepEqual(found, frames.map(Buffer.from))
    t.is(splitter.pendingBytes, 0)
  })
  t.notThrows(() => fc.assert(holds, { numRuns: 200 }))
})

test('a frame that lies whole in a chunk is not copied', (t) => {
  const chunk = frameOf(Buffer.from('whole'))
  for (const { buffer } of new Frames(8).push(chunk)) t.is(buffer, chunk.buffer)
  t.plan(1)
})

test('a frame of the longest length is taken, a longer one ends the stream', (t) => {
  t.deepEqual(split([frameOf(Buffer.alloc(8, 'x'))], 8), ['xxxxxxxx'])
  const error = t.throws(() => split([frameOf(Buffer.alloc(9))], 8))
  t.like(error, { code: 'HELPER_GARBAGE' })
})

test('the length alone is enough to refuse a frame', (t) => {
  const frames = new Frames(8)
  t.deepEqual([...frames.push(Buffer.from([0, 0, 0]))], [])
  t.throws(() => [...frames.push(Buffer.from([9]))])
})

test('an empty frame ends the stream', (t) => {
  t.like(
    t.throws(() => split([Buffer.alloc(4)])),
    { code: 'HELPER_GARBAGE' },
  )
})

test('frames before an error are handed over, and nothing after it', (t) => {
  const frames = new Frames(8)
  const seen: string[] = []
  const stream = Buffer.concat([
    frameOf(Buffer.from('good')),
    Buffer.from('garbage'),
    frameOf(Buffer.from('late')),
  ])
  t.throws(() => {
    for (const frame of frames.push(stream)) seen.push(Buffer.from(frame).toString())
  })
  t.deepEqual(seen, ['good'])
  t.deepEqual([...frames.push(frameOf(Buffer.from('late')))], [])
})

test('a stream that ends inside a frame shows it', (t) => {
  const frames = new Frames(8)
  t.is([...frames.push(frameOf(Buffer.from('whole')).subarray(0, 6))].length, 0)
  t.is(frames.pendingBytes, 6)
})
