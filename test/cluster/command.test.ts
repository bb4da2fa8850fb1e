import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import test from 'ava'
import { clusterFolder, REPOSITORY } from '../../tools/cluster/folders.ts'
import { find } from '../../tools/cluster/state.ts'
import { until } from '../../tools/cluster/until.ts'

const DEADLINE_MS = 120_000

interface Result {
  code: number
  stdout: string
  stderr: string
}

/** Runs a program with the repository as its working directory. */
function run(command: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Result> {
  const { promise, resolve } = Promise.withResolvers<Result>()
  const options = { cwd: REPOSITORY, env: { ...process.env, ...env } }
  execFile(command, args, options, (error, stdout, stderr) =>
    resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr }),
  )
  return promise
}

const command = (...args: string[]) =>
  run(process.execPath, [join(REPOSITORY, 'tools/cluster/main.ts'), ...args])

const name = (suffix: string) => `command-${process.pid}-${suffix}`

test.serial('up prints one line for the shell, again when it is up; down leaves nothing', async (t) => {
  t.timeout(DEADLINE_MS)
  const cluster = name('life')
  t.teardown(() => command('down', '--name', cluster))
  const up = await command('up', '--name', cluster)
  t.deepEqual([up.code, up.stderr], [0, ''])
  const [, kubeconfig] = up.stdout.match(/^export KUBECONFIG=(\S+)\n$/) ?? []
  t.truthy(kubeconfig, up.stdout)
  t.deepEqual(await command('up', '--name', cluster), up)

  const namespaces = await run('npx', ['kubectl', 'get', 'namespaces', '-o', 'name'], {
    KUBECONFIG: kubeconfig,
  })
  t.regex(namespaces.stdout, /^namespace\/default$/m)
  const releases = await run('npx', ['helm', 'list', '-o', 'json'], { KUBECONFIG: kubeconfig })
  t.deepEqual(JSON.parse(releases.stdout), [])

  t.deepEqual(await command('down', '--name', cluster), {
    code: 0,
    stdout: '',
    stderr: `cluster: ${cluster} is down\n`,
  })
  t.deepEqual(await find(cluster), { is: 'absent' })
  t.regex((await command('down', '--name', cluster)).stderr, /was not up/)
})

test.serial('a cluster that crashed is seen as such, and up starts it anew', async (t) => {
  t.timeout(DEADLINE_MS)
  const cluster = name('stale')
  t.teardown(() => command('down', '--name', cluster))
  await command('up', '--name', cluster)
  const [pid] = (await readFile(join(clusterFolder(cluster), 'processes/etcd'), 'utf8')).split(' ')
  process.kill(Number(pid), 'SIGKILL')
  await until('stale', async () => (await find(cluster)).is === 'stale', 5_000)
  const again = await command('up', '--name', cluster)
  t.is(again.code, 0, again.stderr)
  t.regex(again.stderr, /was left behind, etcd is dead: starting anew/)
  t.is((await find(cluster)).is, 'up')
})

test.serial('a cluster ends with the process that owns it, even when that is killed', async (t) => {
  t.timeout(DEADLINE_MS)
  const script = `import { startCluster } from './test/cluster/cluster.ts'
    const { name } = await startCluster()
    console.log(name)
    setInterval(() => {}, 1_000)`
  const owner = execFile(process.execPath, ['--input-type=module-typescript', '-e', script], {
    cwd: REPOSITORY,
  })
  let output = ''
  owner.stdout?.on('data', (text: string) => (output += text))
  await until('cluster of the owner', () => output.endsWith('\n'), 60_000)
  const cluster = output.trim()
  t.is((await find(cluster)).is, 'up')
  owner.kill('SIGKILL')
  await until('end of the cluster', async () => (await find(cluster)).is === 'absent', 20_000)
  t.pass()
})

const mistakes: Record<string, [args: string[], message: RegExp]> = {
  'no command': [[], /^cluster: usage: /],
  'an unknown command': [['sideways'], /^cluster: usage: /],
  'an unknown option': [['up', '--nodes'], /^cluster: Unknown option '--nodes'/],
  'a name that is none': [['down', '--name', '../etc'], /^cluster: "\.\.\/etc" is no name of a cluster/],
}

for (const [sentence, [args, message]] of Object.entries(mistakes))
  test(`${sentence} is said to be a mistake, without a stack trace`, async (t) => {
    const { code, stdout, stderr } = await command(...args)
    t.not(code, 0)
    t.is(stdout, '')
    t.regex(stderr, message)
    t.notRegex(stderr, /^ +at /m)
  })
