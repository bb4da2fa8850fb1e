import test from 'ava'
import { AGENT, AgentRun, NODE, REPOSITORY, withoutSettings } from '../e2e/harness/agent.ts'
import { curl } from '../e2e/harness/clients.ts'
import { Nginx } from '../e2e/harness/nginx.ts'
import { Owned, run } from '../e2e/harness/owned.ts'
import { until } from '../e2e/harness/until.ts'

const env = withoutSettings(process.env)

function agent(...args: string[]): Owned {
  return new Owned(NODE, [AGENT, 'run', '--standalone', ...args], { env, cwd: REPOSITORY })
}

test.serial('the table has a line for each exchange', async (t) => {
  const nginx = await Nginx.start()
  t.teardown(() => nginx.stop())
  const table = agent('--output', 'table', '--pid', String(nginx.pids[0]))
  t.teardown(() => table.stop('SIGKILL'))
  await until('a row of the table', async () => {
    await curl(`${nginx.url}/small.txt?secret`)
    return table.lines.some((line) => line.includes('/small.txt'))
  })
  const row = table.lines.find((line) => line.includes('/small.txt')) ?? ''
  const [served] = nginx.rows()
  for (const word of ['nginx', 'GET', '200', `${served?.requestBytes}B`, `${served?.responseBytes}B`])
    t.true(row.includes(word), `${word} in ${row}`)
  t.notRegex(row, /secret/)
  t.notRegex(row, /\u001b/, 'no colours where nobody looks')
  t.is((await table.stop()).code, 0)
})

test.serial('when nothing talks HTTP, the table names a command to try', async (t) => {
  const idle = new Owned('cat', [])
  t.teardown(() => idle.stop())
  const table = agent('--pid', String(idle.pid))
  t.teardown(() => table.stop('SIGKILL'))
  await until('a hint', () => /--demo/.test(table.stderr + table.lines.join('\n')), 15_000)
  t.is((await table.stop()).code, 0)
})

test.serial('--output none writes nothing to standard output', async (t) => {
  const args = [AGENT, 'run', '--standalone', '--output', 'none', '--duration', '1s']
  const { code, stdout, stderr } = await run(NODE, args, { env, cwd: REPOSITORY })
  t.is(code, 0, stderr)
  t.is(stdout, '')
})

test.serial('a reader that goes away ends the run without noise', async (t) => {
  const nginx = await Nginx.start()
  t.teardown(() => nginx.stop())
  const command = `"$0" "$1" run --standalone --output json --pid ${nginx.pids[0]} | head -n 1; echo "\${PIPESTATUS[0]}"`
  const piped = new Owned('bash', ['-c', command, NODE, AGENT], { env, cwd: REPOSITORY })
  t.teardown(() => piped.stop('SIGKILL'))
  await piped.line(/"kind":"ready"/, 20_000)
  await until('the end', async () => {
    await curl(`${nginx.url}/small.txt`)
    return piped.gone
  })
  t.regex(piped.lines[1] ?? '', /^[01]$/)
  t.notRegex(piped.stderr, /^\s+at /m)
})

test.serial('--demo brings its own server and client, and takes them along', async (t) => {
  const demo = new AgentRun(['--demo'])
  t.teardown(() => demo.process.stop('SIGKILL'))
  await demo.ready()
  // Whatever else runs on the machine is logged too.
  const http =
    (role: string, path: string) => (log: { kind: string; role: string; request?: { path: string } }) =>
      log.kind === 'http' && log.role === role && log.request?.path === path
  const served = await demo.log('a request to the demo server', http('server', '/products'))
  const posted = await demo.log('an order of the demo client', http('client', '/orders'))
  const pids = [served.local.pid, posted.local.pid]
  await demo.stop()
  for (const pid of pids) t.throws(() => process.kill(pid ?? 0, 0), { code: 'ESRCH' })
})
