import test, { type ExecutionContext } from 'ava'
import type { HttpLog } from './harness/agent.ts'
import { ab } from './harness/clients.ts'
import { Haproxy } from './harness/haproxy.ts'
import { Nginx } from './harness/nginx.ts'
import { type Row, clientLogs, serverLogs } from './harness/rows.ts'
import { expectRows, observe } from './harness/scenario.ts'
import { served } from './harness/server.ts'
import { Shell } from './harness/shell.ts'

async function start(t: ExecutionContext): Promise<{ nginx: Nginx; haproxy: Haproxy; shell: Shell }> {
  const nginx = await Nginx.start()
  t.teardown(() => nginx.stop())
  const haproxy = await Haproxy.start(nginx.port)
  t.teardown(() => haproxy.stop())
  const shell = new Shell()
  t.teardown(() => shell.stop())
  return { nginx, haproxy, shell }
}

const FILES = ['/small.txt', '/medium.bin', '/small.txt', '/large.bin', '/return']

test.serial('curl through haproxy to nginx: each request is logged by all four ends', async (t) => {
  const { nginx, haproxy, shell } = await start(t)
  const { logs } = await observe(t, [...nginx.pids, ...haproxy.pids, shell.pid], async () => {
    await shell.run(`curl -s ${FILES.map((file) => `-o /dev/null ${haproxy.url}${file}`).join(' ')}`)
    await served(nginx, FILES.length)
    await served(haproxy, FILES.length)
  })
  const atHaproxy = haproxy.rows()
  t.is(atHaproxy.length, FILES.length)
  expectRows(t, atHaproxy, clientLogs(logs, haproxy.port))
  expectRows(t, atHaproxy, serverLogs(logs, haproxy.port))
  expectRows(t, atHaproxy, clientLogs(logs, nginx.port))
  expectRows(t, nginx.rows(), serverLogs(logs, nginx.port))
})

test.serial('each end is named after its own process, and the other end where it is known', async (t) => {
  const { nginx, haproxy, shell } = await start(t)
  const { logs } = await observe(t, [...nginx.pids, ...haproxy.pids, shell.pid], async () => {
    await shell.run(`curl -s -o /dev/null ${haproxy.url}/small.txt`)
    await served(haproxy, 1)
  })
  const names = (log: HttpLog | undefined): unknown[] => [log?.local.process, log?.remote.process]
  t.is(names(clientLogs(logs, haproxy.port)[0])[0], 'curl')
  t.is(names(serverLogs(logs, haproxy.port)[0])[0], 'haproxy')
  t.deepEqual(names(clientLogs(logs, nginx.port)[0]), ['haproxy', 'nginx'])
  t.deepEqual(names(serverLogs(logs, nginx.port)[0]), ['nginx', 'haproxy'])
})

// haproxy gives up a log line rather than wait for another thread's (`fd_write_frag_line`): nginx's log is the truth here
test.serial('splicing and reuse of backend connections under 50 parallel clients', async (t) => {
  const { nginx, haproxy } = await start(t)
  const { logs } = await observe(t, haproxy.pids, async () => {
    await ab('-k', '-n', '1000', '-c', '50', `${haproxy.url}/medium.bin`)
    await served(nginx, 1000)
  })
  const atNginx = nginx.rows()
  t.is(atNginx.length, 1000)
  expectRows(t, atNginx, clientLogs(logs, nginx.port))
  expectRows(t, atNginx.map(forwarded), serverLogs(logs, haproxy.port))
})

/** What haproxy passes on unchanged: it writes heads of its own. */
function forwarded({ method, path, status, responseBodyBytes }: Row): Row {
  return { method, path, status, ...(responseBodyBytes === undefined ? {} : { responseBodyBytes }) }
}
