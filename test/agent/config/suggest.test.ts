import test from 'ava'
import { closest } from '../../../agent/config/suggest.ts'

const KNOWN = ['run', 'check', 'max_count', 'exclude_namespaces']
const cases: Record<string, [word: string, expected: string | undefined]> = {
  'a letter too few': ['chck', 'check'],
  'a letter too many': ['runn', 'run'],
  'a wrong letter': ['max_xount', 'max_count'],
  'two letters swapped are one slip': ['rnu', 'run'],
  'several slips in a long word': ['exclud_namespcaes', 'exclude_namespaces'],
  'case does not matter': ['CHECK', 'check'],
  'another word': ['start', undefined],
  'a short word has little room for slips': ['xyn', undefined],
  nothing: ['', undefined],
}
for (const [sentence, [word, expected]] of Object.entries(cases))
  test(`suggests for ${sentence}: ${expected}`, (t) => t.is(closest(word, KNOWN), expected))
