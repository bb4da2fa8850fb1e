import { chmodSync, existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { AgentRun, type Log, REPOSITORY } from '../e2e/harness/agent.ts'
import { curl } from '../e2e/harness/clients.ts'
import { Nginx } from '../e2e/harness/nginx.ts'
import { run } from '../e2e/harness/owned.ts'
import { childrenOf } from '../e2e/harness/server.ts'
import { until } from '../e2e/harness/until.ts'
import { accesslog, isForPeople } from './command.ts'

const HELPER = join(REPOSITORY, 'build/accesslog-helper')

async function start(
  t: ExecutionContext,
  env: NodeJS.ProcessEnv = {},
): Promise<{ nginx: Nginx; agent: AgentRun }> {
  const nginx = await Nginx.start()
  t.teardown(() => nginx.stop())
  const agent = new AgentRun(
    nginx.pids.flatMap((pid) => ['--pid', String(pid)]),
    env,
  )
  t.teardown(() => agent.process.stop('SIGKILL'))
  await agent.ready()
  return { nginx, agent }
}

/** Executable script in a directory that goes away with the test. */
function script(t: ExecutionContext, text: string): string {
  const directory = mkdtempSync(join(tmpdir(), 'cli-helper-'))
  t.teardown(() => rmSync(directory, { recursive: true }))
  const path = join(directory, 'helper')
  writeFileSync(path, text)
  chmodSync(path, 0o755)
  return path
}

const isRequestFor =
  (path: string) =>
  (log: Log): boolean =>
    log.kind === 'http' && log.role === 'server' && log.request?.path === path

/** Requests until one of them is logged: a helper that is just starting does not see the first ones. */
async function captures(nginx: Nginx, agent: AgentRun, path: string): Promise<void> {
  await until(
    `a log of ${path}`,
    async () => {
      await curl(`${nginx.url}${path}`)
      return agent.logs.some(isRequestFor(path))
    },
    30_000,
  )
}

function helperPid(agent: AgentRun): number {
  const pid = childrenOf(agent.process.pid).find((child) => commandOf(child).includes('accesslog-helper'))
  if (pid === undefined) throw new Error('the agent has no helper')
  return pid
}

function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8')
  } catch {
    return '' // gone since it was listed
  }
}

for (const [what, text] of Object.entries({
  'random bytes': '#!/bin/sh\nhead -c 100000 /dev/urandom\nexec cat >/dev/null\n',
  'a line of text': '#!/bin/sh\necho hello\nexec cat >/dev/null\n',
  'a frame of 4 GB': "#!/bin/sh\nprintf '\\377\\377\\377\\377'\nexec cat >/dev/null\n",
})) {
  test.serial(`a helper that greets with ${what} is an error at the start`, async (t) => {
    const args = ['run', '--standalone', '--output', 'json', '--pid', String(process.pid)]
    const outcome = await accesslog(args, { ACCESSLOG_HELPER: script(t, text) })
    t.is(outcome.code, 1)
    t.is(outcome.stdout, '')
    t.regex(outcome.stderr, /error HELPER_(GARBAGE|TIMEOUT)/)
    isForPeople(t, outcome)
  })
}

test.serial(
  'garbage between the messages of a running helper: reported, restarted, captured again',
  async (t) => {
    const path = script(
      t,
      `#!/bin/bash
# The first life becomes insane when it is told to; the following ones are the helper itself.
here=$(dirname "$0")
[ -e "$here/spoiled" ] && exec ${HELPER} "$@"
exec 3<&0
${HELPER} "$@" <&3 &
exec 3<&-
until [ -e "$here/spoil" ]; do sleep 0.05; done
touch "$here/spoiled"
head -c 5000 /dev/urandom
wait
`,
    )
    const { nginx, agent } = await start(t, { ACCESSLOG_HELPER: path })
    await captures(nginx, agent, '/small.txt')
    writeFileSync(join(path, '../spoil'), '')
    await until('garbage', () => existsSync(join(path, '../spoiled')))
    await until('a report', () => /HELPER_GARBAGE/.test(agent.process.stderr))
    await captures(nginx, agent, '/return')
    const { exit, stderr } = await agent.stop()
    t.is(exit.code, 0)
    isForPeople(t, { code: 0, stdout: '', stderr })
  },
)

test.serial('a helper killed in the middle is replaced and capture goes on', async (t) => {
  const { nginx, agent } = await start(t)
  await captures(nginx, agent, '/small.txt')
  const killed = helperPid(agent)
  process.kill(killed, 'SIGKILL')
  await until('a report', () => /HELPER_CRASHED|ended unexpectedly/.test(agent.process.stderr))
  await captures(nginx, agent, '/return')
  t.not(helperPid(agent), killed)
  const { exit, stderr } = await agent.stop()
  t.is(exit.code, 0)
  isForPeople(t, { code: 0, stdout: '', stderr })
})

test.serial('kill -9 of the agent leaves no helper and no BPF program', async (t) => {
  const { agent } = await start(t)
  const helper = helperPid(agent)
  const programs = programsOf(helper)
  t.true(programs.length > 0)
  await agent.process.stop('SIGKILL')
  await until('the end of the helper', () => !existsSync(`/proc/${helper}`))
  await until('the end of its BPF programs', async () => {
    const left = await allPrograms()
    return programs.every((id) => !left.includes(id))
  })
})

/** Ids of the BPF programs that a process holds, by its descriptors. */
function programsOf(pid: number): number[] {
  const descriptors = readdirSync(`/proc/${pid}/fdinfo`)
  return descriptors.flatMap((fd) => {
    const [, id] = readFileSync(`/proc/${pid}/fdinfo/${fd}`, 'utf8').match(/^prog_id:\s*(\d+)/m) ?? []
    return id === undefined ? [] : [Number(id)]
  })
}

async function allPrograms(): Promise<number[]> {
  const { stdout } = await run('bpftool', ['-j', 'prog', 'show'])
  return (JSON.parse(stdout) as { id: number }[]).map(({ id }) => id)
}

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  test.serial(`${signal} ends the run in order`, async (t) => {
    const { nginx, agent } = await start(t)
    await captures(nginx, agent, '/small.txt')
    const helper = helperPid(agent)
    t.deepEqual(await agent.process.stop(signal), { code: 0, signal: null })
    t.false(existsSync(`/proc/${helper}`))
    t.regex(agent.process.stderr, /stage .*seen/)
  })
}
