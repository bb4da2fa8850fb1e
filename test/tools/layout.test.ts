import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import test, { type ExecutionContext } from 'ava'
import { readEnums, readStructs, type Struct } from '../../tools/c-header.ts'

const run = promisify(execFile)
const bpf = join(import.meta.dirname, '../../bpf')

/** What the compiler says the expressions are. */
async function compiled(t: ExecutionContext, expressions: readonly string[]): Promise<number[]> {
  const folder = await mkdtemp(join(tmpdir(), 'accesslog-layout-'))
  t.teardown(async () => rm(folder, { recursive: true }))
  const prints = expressions.map((expression) => `printf("%lld\\n", (long long)(${expression}));`)
  const source = [
    '#include <linux/types.h>',
    '#include <stddef.h>',
    '#include <stdio.h>',
    '#include "event.h"',
    `int main(void) { ${prints.join('\n')} return 0; }`,
  ]
  await writeFile(join(folder, 'layout.c'), source.join('\n'))
  await run('cc', ['-I', bpf, '-o', join(folder, 'layout'), join(folder, 'layout.c')])
  const { stdout } = await run(join(folder, 'layout'))
  return stdout.trim().split('\n').map(Number)
}

function expected({ name, fields, sizeBytes }: Struct): [string, number][] {
  return [
    [`sizeof(struct ${name})`, sizeBytes],
    ...fields.flatMap((field): [string, number][] => [
      [`offsetof(struct ${name}, ${field.name})`, field.offset],
      [`sizeof(((struct ${name} *)0)->${field.name})`, field.count * field.elementBytes],
    ]),
  ]
}

test('the compiler lays out every struct of event.h as the generated offsets say', async (t) => {
  const structs = readStructs(await readFile(join(bpf, 'event.h'), 'utf8'))
  t.true(structs.length >= 7)
  const rows = structs.flatMap(expected)
  const numbers = await compiled(
    t,
    rows.map(([expression]) => expression),
  )
  t.deepEqual(
    rows.map(([expression], index) => [expression, numbers[index]]),
    rows,
  )
})

test('the compiler gives every enum constant the generated value', async (t) => {
  const members = readEnums(await readFile(join(bpf, 'event.h'), 'utf8')).flatMap((one) => one.members)
  t.deepEqual(
    await compiled(
      t,
      members.map(({ name }) => name),
    ),
    members.map(({ value }) => value),
  )
})
