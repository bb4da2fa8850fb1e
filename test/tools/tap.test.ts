import test from 'ava'
import { TapReader } from '../../tools/tap.ts'

function read(...lines: string[]) {
  const tap = new TapReader()
  const shown = lines.map((line) => tap.line(line)).filter((line) => line !== undefined)
  return { shown, counts: tap.counts }
}

const cases: Record<string, [lines: string[], shown: string[], counts: [number, number, number]]> = {
  'plans, versions and comments are not shown': [['TAP version 13', '1..1', '# tests 1'], [], [0, 0, 0]],
  'a passed test is shown by its title': [['ok 1 - it works'], ['  ✓ it works'], [1, 0, 0]],
  'a title may be missing': [['ok 1'], ['  ✓ '], [1, 0, 0]],
  'a number may be missing': [['not ok - it does not'], ['  ✗ it does not'], [0, 1, 0]],
  'a failed test is shown with its reason': [
    ['not ok 1 - a', '  ---', '    message: no', '  ...', 'ok 2 - b'],
    ['  ✗ a', '    message: no', '  ✓ b'],
    [1, 1, 0],
  ],
  'what a passed test says is not shown': [
    ['ok 1 - a', '  ---', '    duration: 3', '  ...'],
    ['  ✓ a'],
    [1, 0, 0],
  ],
  'a skipped test is neither passed nor failed': [['ok 1 - a # SKIP no root'], ['  - a'], [0, 0, 1]],
  'a test to do is not a failed one': [['not ok 1 - a # TODO later'], ['  - a'], [0, 0, 1]],
  'a number sign in a title is not a directive': [['ok 1 - answers # 3'], ['  ✓ answers # 3'], [1, 0, 0]],
  'a word that begins like a result is not one': [['okay'], [], [0, 0, 0]],
}
for (const [sentence, [lines, shown, [passed, failed, skipped]]] of Object.entries(cases))
  test(sentence, (t) => t.deepEqual(read(...lines), { shown, counts: { passed, failed, skipped } }))

test('failed tests are remembered with their reasons, and nothing else is', (t) => {
  const tap = new TapReader()
  for (const line of [
    'ok 1 - a',
    'not ok 2 - b',
    '  ---',
    '    message: no',
    '  ...',
    'ok 3 - c',
    'not ok 4 - d # TODO later',
  ])
    tap.line(line)
  t.deepEqual(tap.failures, ['  ✗ b', '    message: no'])
})
