import test from 'ava'
import fc from 'fast-check'
import { equalsOctets, findOctet, viewOf } from '../../../../agent/protocols/text/scan.ts'

/** Few different octets, neighbours and high bits among them: what word arithmetic could get wrong. */
const octets = fc.uint8Array({ maxLength: 40 }).chain((bytes) => {
  const tricky = [0x09, 0x0a, 0x0b, 0x8a, 0x0d, 0x00, 0xff]
  return fc.constantFrom(
    bytes,
    bytes.map((octet) => tricky[octet % tricky.length]!),
  )
})

test('findOctet finds what a plain search finds, wherever it begins and ends', (t) => {
  const property = fc.property(
    octets,
    fc.nat(40),
    fc.nat(40),
    fc.constantFrom(0x0a, 0x3f, 0xff),
    (chunk, a, b, octet) => {
      const [at, end] = [Math.min(a, b, chunk.length), Math.min(Math.max(a, b), chunk.length)]
      const index = chunk.subarray(0, end).indexOf(octet, at)
      return findOctet(chunk, at, end, octet) === index
    },
  )
  t.notThrows(() => fc.assert(property, { numRuns: 5000 }))
})

test('equalsOctets agrees with a plain comparison', (t) => {
  const property = fc.property(octets, octets, fc.nat(8), fc.nat(8), (one, other, at, begin) => {
    const length = Math.max(0, Math.min(one.length - at, other.length - begin))
    const same = one.subarray(at, at + length).every((octet, i) => octet === other[begin + i])
    return equalsOctets(one, at, other, viewOf(other), begin, begin + length) === same
  })
  t.notThrows(() => fc.assert(property, { numRuns: 5000 }))
})

test('equalsOctets sees a difference in every place', (t) => {
  const one = Uint8Array.from({ length: 11 }, (_, i) => i)
  t.true(equalsOctets(one, 0, one.slice(), new DataView(one.slice().buffer), 0, 11))
  for (let i = 0; i < one.length; i++) {
    const other = one.with(i, 99)
    t.false(equalsOctets(one, 0, other, new DataView(other.buffer), 0, 11), `at ${i}`)
  }
})

test('a view begins where its chunk does', (t) => {
  const chunk = new Uint8Array([1, 2, 3, 4, 5]).subarray(2)
  t.is(viewOf(chunk).getUint8(0), 3)
})
