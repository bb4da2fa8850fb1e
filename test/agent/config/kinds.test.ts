import test from 'ava'
import fc from 'fast-check'
import { boolean, hostPort, list, parseDurationMs, parseSizeBytes } from '../../../agent/config/kinds.ts'

const KIB = 1024
const sizes: Record<string, [string, number | undefined]> = {
  'a bare number is bytes': ['4096', 4096],
  'KB is 1024, as in Rover': ['400KB', 400 * KIB],
  'Ki is 1024, as in Kubernetes': ['400Ki', 400 * KIB],
  'case does not matter': ['1mib', KIB ** 2],
  'a space may stand before the unit': ['2 GB', 2 * KIB ** 3],
  'a fraction is rounded down to bytes': ['1.5KB', 1536],
  'a bare K is ambiguous': ['400K', undefined],
  'a sign is refused': ['-1KB', undefined],
  'an unknown unit is refused': ['1XB', undefined],
  'a unit alone is refused': ['KB', undefined],
  'nothing is not a size': ['', undefined],
}
for (const [sentence, [text, expected]] of Object.entries(sizes))
  test(`size: ${sentence}`, (t) => t.is(parseSizeBytes(text), expected))

const durations: Record<string, [string, number | undefined]> = {
  seconds: ['5s', 5000],
  milliseconds: ['500ms', 500],
  'parts add up': ['1h1m30s', 3_690_000],
  'a fraction': ['1.5m', 90_000],
  'microseconds, in both spellings': ['100us200µs', 0.3],
  'zero needs no unit': ['0', 0],
  'a number without unit is refused': ['5', undefined],
  'a sign is refused': ['-5s', undefined],
  'days are not known to Go': ['1d', undefined],
  'space is refused': ['1m 30s', undefined],
  'nothing is not a duration': ['', undefined],
}
for (const [sentence, [text, expected]] of Object.entries(durations))
  test(`duration: ${sentence}`, (t) => t.is(parseDurationMs(text), expected))

const addresses: Record<string, [string, unknown]> = {
  'a name and a port': [
    'oap.skywalking:11800',
    { host: 'oap.skywalking', port: 11800, address: 'oap.skywalking:11800' },
  ],
  'IPv6 in brackets': ['[::1]:80', { host: '::1', port: 80, address: '[::1]:80' }],
  'none means nowhere': ['none', null],
  'a port is needed': ['localhost', undefined],
  'port 0 is refused': ['localhost:0', undefined],
  'ports end at 65535': ['localhost:65536', undefined],
  'a URL is refused': ['http://localhost:80', undefined],
  'IPv6 without brackets is refused': ['::1:80', undefined],
}
for (const [sentence, [text, expected]] of Object.entries(addresses))
  test(`address: ${sentence}`, (t) => t.deepEqual(hostPort().parse(text), expected))

test('booleans are true, false, 1 and 0 in any case, and nothing else', (t) => {
  const texts = ['true', 'FALSE', '1', '0', 'yes', '']
  t.deepEqual(texts.map(boolean().parse), [true, false, true, false, undefined, undefined])
})

test('a list is trimmed, without empty and repeated elements', (t) => {
  const { parse } = list('names', /./)
  t.deepEqual(parse(' a, b ,,a'), ['a', 'b'])
  t.deepEqual(parse(''), [])
})

test('whole numbers of any unit are read exactly', (t) => {
  const units = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 }
  t.notThrows(() =>
    fc.assert(
      fc.property(fc.nat(1_000_000), fc.constantFrom(...Object.entries(units)), (amount, [unit, factor]) =>
        t.is(parseDurationMs(`${amount}${unit}`), amount * factor),
      ),
    ),
  )
})
