import test from 'ava'
import fc from 'fast-check'
import { type Competitor, assign, precedes } from '../../../operator/plan/assign.ts'
import { matches } from '../../../operator/plan/selector.ts'

const NODES = [
  { name: 'a1', labels: { pool: 'a' } },
  { name: 'b1', labels: { pool: 'b' } },
]

function competitor(name: string, changes: Partial<Competitor> = {}): Competitor {
  return { name, active: true, priority: 0, createdMs: 0, nodeSelector: {}, ...changes }
}

const A = { matchLabels: { pool: 'a' } }

const CASES: [string, Competitor[], [string, string | undefined][]][] = [
  [
    'without policies no node is governed',
    [],
    [
      ['a1', undefined],
      ['b1', undefined],
    ],
  ],
  [
    'an inactive policy governs nothing',
    [competitor('p', { active: false })],
    [
      ['a1', undefined],
      ['b1', undefined],
    ],
  ],
  [
    'a selector limits a policy to its nodes',
    [competitor('p', { nodeSelector: A })],
    [
      ['a1', 'p'],
      ['b1', undefined],
    ],
  ],
  [
    'the highest priority wins',
    [competitor('low', { priority: -1 }), competitor('high', { priority: 1, nodeSelector: A, createdMs: 9 })],
    [
      ['a1', 'high'],
      ['b1', 'low'],
    ],
  ],
  [
    'of the same priority the oldest wins',
    [competitor('a', { createdMs: 2 }), competitor('b', { createdMs: 1 })],
    [
      ['a1', 'b'],
      ['b1', 'b'],
    ],
  ],
  [
    'of the same age the first by name wins',
    [competitor('b'), competitor('a')],
    [
      ['a1', 'a'],
      ['b1', 'a'],
    ],
  ],
]

for (const [what, policies, expected] of CASES) {
  test(`assign: ${what}`, (t) => t.deepEqual([...assign(policies, NODES).winners], expected))
}

test('a loser is told by whom, and how often', (t) => {
  const { shares } = assign([competitor('low'), competitor('high', { priority: 1, nodeSelector: A })], NODES)
  t.deepEqual(shares.get('low'), { selected: 2, governed: 1, overriddenBy: new Map([['high', 1]]) })
  t.deepEqual(shares.get('high'), { selected: 1, governed: 1, overriddenBy: new Map() })
})

const labels = fc.dictionary(fc.constantFrom('pool', 'zone'), fc.constantFrom('a', 'b'))
const competitors = fc.uniqueArray(
  fc.record({
    name: fc.string({ minLength: 1, maxLength: 3 }),
    active: fc.boolean(),
    priority: fc.integer({ min: -2, max: 2 }),
    createdMs: fc.integer({ min: 0, max: 2 }),
    nodeSelector: fc.record({ matchLabels: labels }),
  }),
  { selector: ({ name }) => name, maxLength: 8 },
)
const nodes = fc.uniqueArray(fc.record({ name: fc.string({ maxLength: 3 }), labels }), {
  selector: ({ name }) => name,
  maxLength: 8,
})

test('every node goes to the first of the active policies that select it, in any order of policies', (t) => {
  fc.assert(
    fc.property(competitors, nodes, fc.integer(), (policies, all, seed) => {
      const { winners } = assign(policies, all)
      t.is(winners.size, all.length)
      for (const node of all) {
        const rivals = policies.filter(
          ({ active, nodeSelector }) => active && matches(nodeSelector, node.labels),
        )
        const best = rivals.find((one) => rivals.every((other) => other === one || precedes(one, other) < 0))
        t.is(winners.get(node.name), best?.name)
      }
      const shuffled = policies.toSorted((one, other) =>
        hash(one.name, seed) < hash(other.name, seed) ? -1 : 1,
      )
      t.deepEqual(assign(shuffled, all).winners, winners)
    }),
  )
})

test('selected nodes are those that are governed and those that were lost to others', (t) => {
  fc.assert(
    fc.property(competitors, nodes, (policies, all) => {
      const { winners, shares } = assign(policies, all)
      for (const { name, active, nodeSelector } of policies) {
        const share = shares.get(name)
        const lost = [...(share?.overriddenBy.values() ?? [])].reduce((sum, count) => sum + count, 0)
        const selected = all.filter((node) => active && matches(nodeSelector, node.labels)).length
        t.is(share?.selected, selected)
        t.is(share?.governed, [...winners.values()].filter((winner) => winner === name).length)
        t.is((share?.governed ?? 0) + lost, selected)
      }
    }),
  )
})

function hash(text: string, seed: number): number {
  return [...text].reduce((sum, char) => Math.imul(sum ^ (char.codePointAt(0) ?? 0), 16_777_619), seed)
}
