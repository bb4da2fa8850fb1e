import test from 'ava'
import type { AccessLogPolicyNodeSelector } from '../../../crds/gen/accesslogpolicy.ts'
import { matches } from '../../../operator/plan/selector.ts'

const labels = { pool: 'a', zone: '1' }
type Operator = NonNullable<AccessLogPolicyNodeSelector['matchExpressions']>[number]['operator']

function expression(key: string, operator: Operator, ...values: string[]): AccessLogPolicyNodeSelector {
  return { matchExpressions: [{ key, operator, values }] }
}

const CASES: [string, AccessLogPolicyNodeSelector, boolean][] = [
  ['an empty selector selects every node', {}, true],
  ['equal labels match', { matchLabels: { pool: 'a', zone: '1' } }, true],
  ['one other value does not match', { matchLabels: { pool: 'a', zone: '2' } }, false],
  ['a missing label does not match', { matchLabels: { arch: 'arm64' } }, false],
  ['In: one of the values', expression('pool', 'In', 'b', 'a'), true],
  ['In: none of the values', expression('pool', 'In', 'b'), false],
  ['In: a missing label', expression('arch', 'In', ''), false],
  ['NotIn: one of the values', expression('pool', 'NotIn', 'b', 'a'), false],
  ['NotIn: another value', expression('pool', 'NotIn', 'b'), true],
  ['NotIn: a missing label matches', expression('arch', 'NotIn', 'arm64'), true],
  ['Exists', expression('pool', 'Exists'), true],
  ['Exists: a missing label', expression('arch', 'Exists'), false],
  ['DoesNotExist', expression('arch', 'DoesNotExist'), true],
  ['DoesNotExist: a label that is there', expression('pool', 'DoesNotExist'), false],
  ['names from the prototype are no labels', expression('toString', 'Exists'), false],
  [
    'labels and expressions must both hold',
    { matchLabels: { pool: 'a' }, ...expression('zone', 'In', '2') },
    false,
  ],
]

for (const [what, selector, expected] of CASES) {
  test(`node selector: ${what}`, (t) => t.is(matches(selector, labels), expected))
}
