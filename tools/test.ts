/**
 * Runs all tests: the helper's own in C, then ava. The last line is `N passed, N failed`, whatever happens.
 *   node tools/test.ts [--strict] [ava patterns]
 * --strict: a skipped test is a failed one. With patterns the C tests are left out.
 */
import { spawn } from 'node:child_process'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { TapReader } from './tap.ts'

const root = join(import.meta.dirname, '..')

/** Runs a command that speaks TAP. One that fails without a failed test counts as a failed test. */
async function runTap(name: string, command: string, args: readonly string[]): Promise<TapReader> {
  console.log(name)
  const child = spawn(command, args, { cwd: root, stdio: ['ignore', 'pipe', 'inherit'] })
  const exit = Promise.withResolvers<string | undefined>()
  child.on('error', (error) => exit.resolve(error.message))
  child.on('close', (code, signal) => exit.resolve(code === 0 ? undefined : `ended with ${signal ?? code}`))
  const tap = new TapReader()
  for await (const line of createInterface(child.stdout)) {
    const shown = tap.line(line)
    if (shown !== undefined) console.log(shown)
  }
  const failure = await exit.promise
  if (failure !== undefined && tap.counts.failed === 0) {
    console.log(tap.line(`not ok - ${name} ${failure}`))
  }
  return tap
}

const options = process.argv.slice(2)
const patterns = options.filter((option) => option !== '--strict')
const nativeTests = ['-s', `-j${availableParallelism()}`, '-C', 'native', 'test']
/** They capture what the whole machine does: two at a time would see each other. */
const WHOLE_MACHINE = ['test/e2e/**/*.test.ts', 'test/cli/**/*.test.ts', 'test/bpf/**/*.test.ts']
const others = ['test/**/*.test.ts', ...WHOLE_MACHINE.map((pattern) => `!${pattern}`)]

const runAva = (name: string, args: readonly string[]) =>
  runTap(name, process.execPath, ['node_modules/ava/entrypoints/cli.js', '--tap', ...args])

const suites =
  patterns.length > 0
    ? [await runAva('ava', patterns)]
    : [
        await runTap('native', 'make', nativeTests),
        await runAva('units', others),
        await runAva('whole machine', ['--concurrency', '1', ...WHOLE_MACHINE]),
      ]

const total = (name: keyof TapReader['counts']) => suites.reduce((sum, { counts }) => sum + counts[name], 0)
const failures = suites.flatMap((suite) => suite.failures)
if (failures.length > 0) console.log(`what failed, once more\n${failures.join('\n')}`)
const skipped = total('skipped')
const failed = total('failed') + (options.includes('--strict') ? skipped : 0)
if (skipped > 0) console.log(`${skipped} skipped`)
console.log(`${total('passed')} passed, ${failed} failed`)
process.exitCode = failed === 0 ? 0 : 1
