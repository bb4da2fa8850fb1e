import test from 'ava'
import fc from 'fast-check'
import { addressKey } from '../../../operator/directory/address.ts'
import { type AddressTable, ipv4Table, ipv6Table } from '../../../operator/directory/address-table.ts'

const suffix = fc.string({ unit: fc.constantFrom(...'abcxyz019-'), minLength: 1, maxLength: 8 })
const workload = fc.integer({ min: 1, max: 0xffff_ffff })

function steps<K>(key: fc.Arbitrary<K>) {
  const one = fc.oneof(
    { weight: 8, arbitrary: fc.record({ kind: fc.constant('set' as const), key, workload, suffix }) },
    { weight: 4, arbitrary: fc.record({ kind: fc.constant('delete' as const), key }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('unmark' as const) }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('sweep' as const) }) },
  )
  return fc.array(one, { maxLength: 200 })
}

// Few keys, so that they meet again; consecutive, and of the whole range, so that their slots do.
const ipv4 = fc.oneof(fc.integer({ min: -8, max: 8 }), fc.constantFrom(0x7fff_ffff, -0x8000_0000))
const ipv6 = fc.oneof(
  fc.bigInt({ min: 0n, max: 16n }),
  fc.constantFrom(2n ** 128n - 1n, 2n ** 127n, 1n << 32n, 1n << 64n),
)

function ordered(numbers: readonly number[]): number[] {
  return numbers.toSorted((one, other) => one - other)
}

function behavesAsMap<K extends bigint | number>(
  what: string,
  key: fc.Arbitrary<K>,
  make: () => AddressTable<K>,
): void {
  test(`${what}: after any steps the table holds what a Map would`, (t) => {
    fc.assert(
      fc.property(steps(key), (taken) => {
        const table = make()
        const model = new Map<K, { workload: number; suffix: string }>()
        const marked = new Set<K>()
        for (const step of taken) {
          if (step.kind === 'set') {
            const entry = { workload: step.workload, suffix: step.suffix }
            t.deepEqual(table.set(step.key, entry), model.get(step.key))
            model.set(step.key, entry)
            marked.add(step.key)
          } else if (step.kind === 'delete') {
            table.delete(step.key)
            model.delete(step.key)
          } else if (step.kind === 'unmark') {
            table.unmark()
            marked.clear()
          } else {
            const gone: number[] = []
            table.sweep((id) => gone.push(id))
            const expected = [...model].filter(([one]) => !marked.has(one))
            t.deepEqual(ordered(gone), ordered(expected.map(([, entry]) => entry.workload)))
            for (const [one] of expected) model.delete(one)
          }
        }
        t.is(table.size, model.size)
        for (const [one, entry] of model) t.deepEqual(table.get(one), entry)
      }),
    )
  })
}

behavesAsMap('IPv4', ipv4, ipv4Table)
behavesAsMap('IPv6', ipv6, ipv6Table)

test('a table grows, and finds all that it had, also after half of it has gone', (t) => {
  const table = ipv4Table()
  const keys = Array.from(
    { length: 20_000 },
    (_, index) => addressKey(`10.${index >> 8}.${index & 255}.7`) as number,
  )
  keys.forEach((key, index) => table.set(key, { workload: index + 1, suffix: `s${index}` }))
  const odd = (_: number, index: number) => index % 2 === 1
  for (const key of keys.filter(odd)) table.delete(key)
  t.is(table.size, 10_000)
  const wrong = keys.filter((key, index) => {
    const expected = odd(key, index) ? undefined : `s${index}`
    return table.get(key)?.suffix !== expected
  })
  t.deepEqual(wrong, [])
})
