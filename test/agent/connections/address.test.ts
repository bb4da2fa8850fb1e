import test from 'ava'
import fc from 'fast-check'
import { isIPv6 } from 'node:net'
import { addressText, isLoopback } from '../../../agent/connections/address.ts'

/** The eight groups as bytes, with other bytes around them. */
function ipv6(...groups: number[]): Uint8Array {
  return Uint8Array.from([0xee, ...groups.flatMap((group) => [group >> 8, group & 255]), 0xee])
}

const TEXTS: [sentence: string, groups: number[], text: string][] = [
  ['the unspecified address', [0, 0, 0, 0, 0, 0, 0, 0], '::'],
  ['the loopback address', [0, 0, 0, 0, 0, 0, 0, 1], '::1'],
  ['zeros at the end', [0x2001, 0xdb8, 0, 0, 0, 0, 0, 0], '2001:db8::'],
  ['zeros at the beginning', [0, 0, 0, 0, 0, 0xffff, 0x7f00, 1], '::ffff:7f00:1'],
  ['zeros in the middle', [0x2001, 0xdb8, 0, 0, 0, 0, 0, 1], '2001:db8::1'],
  ['no zero group', [1, 2, 3, 4, 5, 6, 7, 8], '1:2:3:4:5:6:7:8'],
  ['one zero group is not shortened (§4.2.2)', [0x2001, 0xdb8, 0, 1, 1, 1, 1, 1], '2001:db8:0:1:1:1:1:1'],
  ['two zero groups are', [1, 0, 0, 4, 5, 6, 7, 8], '1::4:5:6:7:8'],
  ['the longest run is (§4.2.3)', [0x2001, 0, 0, 1, 0, 0, 0, 1], '2001:0:0:1::1'],
  ['the longest run is, when it comes first', [0x2001, 0, 0, 0, 1, 0, 0, 1], '2001::1:0:0:1'],
  ['of two equal runs the first is (§4.2.3)', [0x2001, 0xdb8, 0, 0, 1, 0, 0, 1], '2001:db8::1:0:0:1'],
  ['of two equal runs at both ends the first is', [0, 0, 1, 2, 3, 4, 0, 0], '::1:2:3:4:0:0'],
  [
    'leading zeros of a group are left out (§4.1)',
    [0xdb8, 0xa, 0xab, 0xabc, 1, 1, 1, 1],
    'db8:a:ab:abc:1:1:1:1',
  ],
  ['lower case (§4.3)', [0xabcd, 0xef01, 1, 1, 1, 1, 1, 0xffff], 'abcd:ef01:1:1:1:1:1:ffff'],
  ['all zero but the first', [1, 0, 0, 0, 0, 0, 0, 0], '1::'],
  ['alternating zeros', [0, 1, 0, 1, 0, 1, 0, 1], '0:1:0:1:0:1:0:1'],
]

for (const [sentence, groups, text] of TEXTS) {
  test(`RFC 5952: ${sentence}: ${text}`, (t) => {
    t.is(addressText(ipv6(...groups), 1, 6), text)
  })
}

/** The address as WHATWG URLs write it, which is RFC 5952 as well. */
const platformText = (groups: readonly number[]): string =>
  new URL(`http://[${groups.map((group) => group.toString(16)).join(':')}]/`).hostname.slice(1, -1)

test('every IPv6 address is written as the platform writes it', (t) => {
  const group = fc.oneof(fc.constant(0), fc.constant(0), fc.integer({ min: 0, max: 0xffff }))
  fc.assert(
    fc.property(fc.array(group, { minLength: 8, maxLength: 8 }), (groups) => {
      const text = addressText(ipv6(...groups), 1, 6)
      t.true(isIPv6(text))
      t.is(text, platformText(groups))
    }),
    { numRuns: 2000 },
  )
})

test('IPv4 is dotted, from wherever it begins', (t) => {
  t.is(addressText(Uint8Array.from([9, 192, 0, 2, 255, 9]), 1, 4), '192.0.2.255')
})

for (const [address, expected] of Object.entries({
  '127.0.0.1': true,
  '127.255.255.254': true,
  '::1': true,
  '128.0.0.1': false,
  '12.7.0.1': false,
  '::': false,
  '::127': false,
  '10.0.0.1': false,
})) {
  test(`${address} is ${expected ? 'a' : 'no'} loopback address`, (t) => {
    t.is(isLoopback(address), expected)
  })
}
