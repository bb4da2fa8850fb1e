/** Which programs were seen to be logged rightly over TLS: the table of docs/reference/tls.md. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'ava'
import { REPOSITORY } from '../harness/agent.ts'
import { run } from '../harness/owned.ts'
import type { Program } from './program.ts'

export type Side = 'server' | 'client'

interface Cell {
  program: string
  library: string
  linkage: string
  side: Side
  protocol: string
}

const FILE = join(REPOSITORY, 'docs/reference/tls.md')
const HEADER = ['Program', 'Library', 'Linkage', 'Side', 'Protocol']

const cells: Cell[] = []

/** To be called when the test of the cell has passed. */
export async function passed(program: Program, side: Side, protocol = 'HTTP/1.1'): Promise<void> {
  const [command, ...args] = program.version
  const { stdout } = await run(command, args)
  cells.push({ program: program.name, library: stdout.trim(), linkage: program.linkage, side, protocol })
}

/** Writes the table at the end of a run of the test file, if all tests have passed and none was left out. */
export function writeWhenPassed(name: string): void {
  let all = true
  test.afterEach.always((t) => {
    all &&= t.passed
  })
  test.after.always(() => {
    if (all) writeTable(name)
  })
}

/** Between its marks. */
function writeTable(name: string): void {
  const rows = cells.map(({ program, library, linkage, side, protocol }) => [
    program,
    library,
    linkage,
    side,
    protocol,
  ])
  const lines = [HEADER, HEADER.map(() => '---'), ...rows].map((row) => `| ${row.join(' | ')} |`)
  const text = readFileSync(FILE, 'utf8')
  const [begin, end] = [`<!-- cells of ${name} -->\n`, `<!-- end of ${name} -->\n`]
  const [before = '', rest] = text.split(begin)
  const [, after] = rest?.split(end) ?? []
  if (after === undefined) throw new Error(`${FILE} has no place for the cells of ${name}`)
  // Tests chosen by name are some of the cells that stand there.
  if (cells.length < Number(/^(\d+) cells/.exec(rest ?? '')?.[1] ?? 0)) return
  const table = `${cells.length} cells.\n\n${lines.join('\n')}\n\n`
  writeFileSync(FILE, before + begin + table + end + after)
}
