import test from 'ava'
import { readDefine, readEnums, readList, readStructs } from '../../tools/c-header.ts'
import { readMessages } from '../../tools/generate-wire.ts'

test('a define is a sum of products', (t) => {
  const source = '#define A 1\n#define B (1024 * 1024 + 4096) /* why */\n#define C 7U\n'
  t.deepEqual(
    ['A', 'B', 'C'].map((name) => readDefine(source, name)),
    [1, 1_052_672, 7],
  )
})

test('a struct is laid out by natural alignment, arrays and nested structs included', (t) => {
  const [, outer] = readStructs(
    'struct in {\n__u64 a;\n__u8 b;\n};\nstruct out {\n__u8 c;\nstruct in d[2];\n__u16 e;\n};',
  )
  t.deepEqual(
    outer?.fields.map(({ name, offset }) => [name, offset]),
    [
      ['c', 0],
      ['d', 8],
      ['e', 40],
    ],
  )
  t.is(outer?.sizeBytes, 48)
})

test('comments go with the member they trail', (t) => {
  const [first] = readEnums('/* what it\n * is */\nenum e {\n\tA = 1, /* one */\n\tB = 2,\n};')
  t.deepEqual(first, {
    name: 'e',
    comment: 'what it is',
    members: [
      { name: 'A', value: 1, comment: 'one' },
      { name: 'B', value: 2, comment: '' },
    ],
  })
})

test('a list keeps names and sentences in order', (t) => {
  const source = '#define LIST(X) \\\n\tX(a, "first") \\\n\tX(b, "second")\n\nX(c, "outside")\n'
  t.deepEqual(readList(source, 'LIST'), [
    { name: 'a', sentence: 'first' },
    { name: 'b', sentence: 'second' },
  ])
})

const refused: Record<string, () => unknown> = {
  'a define that is missing': () => readDefine('', 'A'),
  'a define that is an expression of names': () => readDefine('#define A (B + 1)', 'A'),
  'a type that is not known': () => readStructs('struct s {\nlong a;\n};'),
  'a bit field': () => readStructs('struct s {\n__u32 a : 3;\n};'),
  'two members on a line': () => readEnums('enum e {\nA = 1, B = 2,\n};'),
  'an enum member without value': () => readEnums('enum e {\nA,\n};'),
  'a list that is missing': () => readList('', 'LIST'),
  'a field before its message': () => readMessages('FIELD(A, b, uint, "c")'),
  'a field of an unknown type': () => readMessages('MESSAGE(TO_AGENT, A, 1, "a")\nFIELD(A, b, float, "c")'),
  'a message in no direction': () => readMessages('MESSAGE(TO_NOBODY, A, 1, "a")'),
  'a line that is cut short': () => readMessages('MESSAGE(TO_AGENT, A, 1, "a'),
}
for (const [sentence, read] of Object.entries(refused))
  test(`refuses ${sentence}`, (t) => void t.throws(read))
