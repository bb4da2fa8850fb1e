import test, { type ExecutionContext } from 'ava'
import { Nginx } from '../harness/nginx.ts'
import { serverLogs, clientLogs } from '../harness/rows.ts'
import { expectRows, observe } from '../harness/scenario.ts'
import { served } from '../harness/server.ts'
import { Shell } from '../harness/shell.ts'
import { type TestAuthority, testAuthority } from './authority.ts'

let authority: TestAuthority

test.before(async () => {
  authority = await testAuthority()
})

test.after.always(async () => {
  await authority?.remove()
})

async function start(t: ExecutionContext): Promise<Nginx> {
  const nginx = await Nginx.start({ certificate: authority.server })
  t.teardown(() => nginx.stop())
  return nginx
}

test.serial('curl to nginx: both sides tell the same requests, and that they were encrypted', async (t) => {
  const nginx = await start(t)
  const shell = new Shell()
  t.teardown(() => shell.stop())
  const { logs } = await observe(t, [shell.pid, ...nginx.pids], async () => {
    const urls = ['small.txt', 'medium.bin?secret=1', 'return', 'missing'].map(
      (path) => `${nginx.url}/${path}`,
    )
    await shell.run(
      `curl -sS --cacert ${authority.file} ${urls.map((url) => `-o /dev/null ${url}`).join(' ')}`,
    )
    await served(nginx, 4)
  })
  const server = serverLogs(logs, nginx.port)
  const client = clientLogs(logs, nginx.port)
  expectRows(t, nginx.rows(), server)
  expectRows(t, nginx.rows(), client)
  t.true([...server, ...client].every(({ tls }) => tls))
})
