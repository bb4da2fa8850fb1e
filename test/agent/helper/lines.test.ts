import test from 'ava'
import { Lines } from '../../../agent/helper/lines.ts'

function cut(pieces: readonly string[], maxLength = 10): string[] {
  const found: string[] = []
  const lines = new Lines(maxLength, (line) => found.push(line))
  for (const piece of pieces) lines.push(piece)
  lines.end()
  return found
}

const rows: Record<string, [pieces: string[], lines: string[]]> = {
  'one line': [['a\n'], ['a']],
  'a line in pieces': [['a', 'b', 'c\n'], ['abc']],
  'several lines in a piece': [['a\nb\nc'], ['a', 'b', 'c']],
  'empty lines say nothing': [['\n\na\n\n'], ['a']],
  'a last line without its end': [['a\nb'], ['a', 'b']],
  'a line as long as allowed': [['0123456789\n'], ['0123456789']],
  'a longer one is cut': [['0123456789a\nb\n'], ['0123456789…', 'b']],
  'also when it comes in pieces': [
    ['0123456', '789abc', 'def\nb\n'],
    ['0123456789…', 'b'],
  ],
}

for (const [sentence, [pieces, lines]] of Object.entries(rows)) {
  test(sentence, (t) => t.deepEqual(cut(pieces), lines))
}
