import test, { type ExecutionContext } from 'ava'
import { AgentRun, type Log } from './harness/agent.ts'
import { curl } from './harness/clients.ts'
import { Nginx } from './harness/nginx.ts'
import { freePort } from './harness/ports.ts'
import { clientLogs, serverLogs } from './harness/rows.ts'
import { expectRows, observe } from './harness/scenario.ts'
import { served } from './harness/server.ts'
import { Shell } from './harness/shell.ts'

async function start(t: ExecutionContext): Promise<{ nginx: Nginx; shell: Shell }> {
  const nginx = await Nginx.start()
  t.teardown(() => nginx.stop())
  const shell = new Shell()
  t.teardown(() => shell.stop())
  return { nginx, shell }
}

const towards = (logs: Log[], port: number, kind: Log['kind']): Log[] =>
  logs.filter((log) => log.kind === kind && log.role === 'client' && log.remote.port === port)

test.serial('a curl that lives for one request is logged from its connect to its close', async (t) => {
  const { nginx, shell } = await start(t)
  const { logs } = await observe(t, [shell.pid], async () => {
    await shell.run(`curl -s -o /dev/null ${nginx.url}/small.txt`)
    await served(nginx, 1)
  })
  expectRows(t, nginx.rows(), clientLogs(logs, nginx.port))
  const [connect] = towards(logs, nginx.port, 'connect')
  const [http] = clientLogs(logs, nginx.port)
  t.is(connect?.success, true)
  t.is(http?.local.process, 'curl')
  t.is(connect?.local.pid, http?.local.pid)
  t.is(towards(logs, nginx.port, 'close').length, 1)
})

test.serial('50 short-lived clients, one request each', async (t) => {
  const { nginx, shell } = await start(t)
  const { logs } = await observe(t, [shell.pid], async () => {
    await shell.run(`for i in {1..50}; do curl -s -o /dev/null ${nginx.url}/return?$i; done`)
    await served(nginx, 50)
  })
  expectRows(t, nginx.rows(), clientLogs(logs, nginx.port))
  t.is(towards(logs, nginx.port, 'connect').length, 50)
  t.is(towards(logs, nginx.port, 'close').length, 50)
  t.is(new Set(clientLogs(logs, nginx.port).map((log) => log.local.pid)).size, 50)
})

test.serial('a refused connection is a connect without success', async (t) => {
  const { shell } = await start(t)
  const port = await freePort()
  const { logs } = await observe(t, [shell.pid], () => shell.run(`curl -s http://127.0.0.1:${port}/`))
  t.deepEqual(
    towards(logs, port, 'connect').map((log) => log.success),
    [false],
  )
  t.deepEqual(clientLogs(logs, port), [])
})

test.serial('--process picks processes by name, those that start later included', async (t) => {
  const { nginx } = await start(t)
  const agent = new AgentRun(['--process', '^curl$'])
  t.teardown(() => agent.process.stop('SIGKILL'))
  await agent.ready()
  await curl(`${nginx.url}/small.txt`)
  await agent.log('a log of curl', (log) => log.kind === 'http' && log.remote.port === nginx.port)
  const { logs } = await agent.stop()
  expectRows(t, nginx.rows(), clientLogs(logs, nginx.port))
  t.deepEqual(serverLogs(logs, nginx.port), [])
})

test.serial('without --pid and --process everything on the machine is watched', async (t) => {
  const { nginx } = await start(t)
  const agent = new AgentRun([])
  t.teardown(() => agent.process.stop('SIGKILL'))
  await agent.ready()
  await curl(`${nginx.url}/small.txt`, `${nginx.url}/return`)
  await served(nginx, 2)
  const { logs } = await agent.stop()
  expectRows(t, nginx.rows(), clientLogs(logs, nginx.port))
  expectRows(t, nginx.rows(), serverLogs(logs, nginx.port))
})

test.serial('--duration ends the run by itself, with a summary', async (t) => {
  const agent = new AgentRun(['--duration', '1s'])
  t.teardown(() => agent.process.stop('SIGKILL'))
  await agent.ready()
  t.deepEqual(await agent.process.exited, { code: 0, signal: null })
  await t.notThrowsAsync(() => agent.stop())
})
