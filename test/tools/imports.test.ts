import { execFile } from 'node:child_process'
import { copyFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import test from 'ava'

const root = join(import.meta.dirname, '../..')

/** From the way of the data: a folder imports only from those before it. */
const cases: Record<string, [file: string, imported: string, allowed: boolean]> = {
  'a stage imports the stage before it': ['agent/logs/a.ts', '../protocols/b.ts', true],
  'a stage imports its own files': ['agent/logs/a.ts', './report.ts', true],
  'a stage imports the first stage': ['agent/report/a.ts', '../config/b.ts', true],
  'a stage does not import the next': ['agent/connections/a.ts', '../protocols/b.ts', false],
  'config does not import what it configures': ['agent/config/a.ts', '../helper/b.ts', false],
  'a generated file is no way around': ['agent/config/a.ts', '../helper/gen/b.ts', false],
  'a nested file is held to the rule': ['agent/protocols/http1/a.ts', '../../logs/b.ts', false],
  'a protocol does not import another': ['agent/protocols/http2/a.ts', '../http1/b.ts', false],
  'a protocol imports what all share': ['agent/protocols/http2/a.ts', '../text/b.ts', true],
  'what protocols share imports none of them': ['agent/protocols/text/a.ts', '../http1/b.ts', false],
  'a protocol imports no later stage': ['agent/protocols/http2/a.ts', '../../logs/b.ts', false],
  'no stage imports main': ['agent/report/a.ts', '../main.ts', false],
  'errors import no stage': ['agent/errors.ts', './config/b.ts', false],
  'main imports every stage': ['agent/main.ts', './report/b.ts', true],
  'the agent does not import tests': ['agent/main.ts', '../test/b.ts', false],
  'the agent does not import the operator': ['agent/config/a.ts', '../../operator/b.ts', false],
  'the operator does not import the agent': ['operator/plan/a.ts', '../../agent/errors.ts', false],
}

/** Whether the linter, run by the repository's rules, refuses a file that holds one import. */
async function refused(folder: string, file: string, imported: string): Promise<boolean> {
  await mkdir(dirname(join(folder, file)), { recursive: true })
  await writeFile(join(folder, file), `import type { B } from '${imported}'\nexport type A = B\n`)
  const { promise, resolve } = Promise.withResolvers<string>()
  const oxlint = join(root, 'node_modules/oxlint/bin/oxlint')
  execFile(process.execPath, [oxlint, '-f', 'unix', file], { cwd: folder }, (_, stdout) => resolve(stdout))
  const output = await promise
  if (!/no-restricted-imports|^$|0 problems/m.test(output))
    throw new Error(`unexpected words of the linter: ${output}`)
  return output.includes('no-restricted-imports')
}

for (const [sentence, [file, imported, allowed]] of Object.entries(cases))
  test(sentence, async (t) => {
    const folder = await mkdtemp(join(tmpdir(), 'accesslog-imports-'))
    t.teardown(async () => rm(folder, { recursive: true }))
    await copyFile(join(root, '.oxlintrc.json'), join(folder, '.oxlintrc.json'))
    t.is(await refused(folder, file, imported), !allowed)
  })
