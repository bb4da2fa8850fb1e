/** `accesslog-agent check`: what this kernel supports, as the helper finds by loading and attaching everything. */
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { captureReport } from './capture.ts'
import { accessLogError, reasonOf } from './errors.ts'
import type { ProgramStatus } from './helper/messages.ts'
import { helperPath } from './helper/path.ts'

/** What `accesslog-helper --check` prints. */
interface HelperCheck {
  kernel: string
  btf: boolean
  programs: (ProgramStatus & { hook: string; essential: boolean })[]
}

const CHECK_DEADLINE_MS = 60_000

/** Prints the report to standard output. Returns the exit code: 0 when all that is essential works. */
export async function check({ json }: { json: boolean }): Promise<number> {
  const found = await askHelper(helperPath(process.env))
  const capture = captureReport(found.programs)
  process.stdout.write(json ? `${JSON.stringify({ ...found, capture })}\n` : table(found))
  if (!json)
    process.stdout.write(
      `\n${Object.entries(capture)
        .map(([name, state]) => `${name}: ${state}\n`)
        .join('')}`,
    )
  return found.programs.every(({ essential, status }) => !essential || status === 'attached') ? 0 : 1
}

async function askHelper(path: string): Promise<HelperCheck> {
  try {
    const { stdout } = await promisify(execFile)(path, ['--check'], { timeout: CHECK_DEADLINE_MS })
    return JSON.parse(stdout) as HelperCheck
  } catch (error) {
    const { code, stdout } = error as { code?: unknown; stdout?: string }
    if (code === 'ENOENT' || code === 'EACCES')
      throw accessLogError('HELPER_MISSING', { path }, { cause: error })
    if (stdout?.startsWith('{')) return JSON.parse(stdout) as HelperCheck
    throw accessLogError('HELPER_CRASHED', { reason: reasonOf(error) }, { cause: error })
  }
}

function table({ kernel, btf, programs }: HelperCheck): string {
  const rows = programs.map(({ name, hook, status, reason, essential }) => [
    name,
    hook,
    essential ? 'yes' : 'no',
    status,
    reason,
  ])
  const all = [['PROGRAM', 'HOOK', 'ESSENTIAL', 'STATUS', 'REASON'], ...rows]
  const widths = [0, 1, 2, 3].map((column) => Math.max(...all.map((row) => row[column]!.length)))
  const lines = all.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  )
  return [`kernel ${kernel}, BTF ${btf ? 'present' : 'missing'}`, ...lines, ''].join('\n')
}
