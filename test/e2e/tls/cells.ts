/** Which programs were seen to be logged rightly over TLS: the table of docs/reference/tls.md. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
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

/** Writes the table between its marks; to be called when all tests of the run have passed. */
export function writeTable(): void {
  const rows = cells.map(({ program, library, linkage, side, protocol }) => [
    program,
    library,
    linkage,
    side,
    protocol,
  ])
  const lines = [HEADER, HEADER.map(() => '---'), ...rows].map((row) => `| ${row.join(' | ')} |`)
  const text = readFileSync(FILE, 'utf8')
  const [before = '', rest = ''] = text.split('<!-- cells -->\n')
  const [, after = ''] = rest.split('<!-- end of cells -->\n')
  const table = `${cells.length} cells.\n\n${lines.join('\n')}\n\n`
  writeFileSync(FILE, `${before}<!-- cells -->\n${table}<!-- end of cells -->\n${after}`)
}
