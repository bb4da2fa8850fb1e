import test, { type ExecutionContext } from 'ava'
import { Apache } from '../harness/apache.ts'
import { curl, nghttp } from '../harness/clients.ts'
import { clientLogs, serverLogs } from '../harness/rows.ts'
import { expectRows, expectServerLog, observe } from '../harness/scenario.ts'
import { served } from '../harness/server.ts'
import { Shell } from '../harness/shell.ts'

async function start(t: ExecutionContext): Promise<Apache> {
  const apache = await Apache.start()
  t.teardown(() => apache.stop())
  return apache
}

test.serial(
  'curl upgrades to h2c: the request of HTTP/1 is answered by stream 1, and is one log',
  async (t) => {
    const apache = await start(t)
    const { logs } = await expectServerLog(t, apache, 3, async () => {
      await curl('--http2', `${apache.url}/small.txt`)
      await curl('--http2', `${apache.url}/small.txt?x=1`)
      await curl('--http2', `${apache.url}/missing`)
    })
    t.true(serverLogs(logs, apache.port).every(({ protocol }) => protocol === 'HTTP/2'))
  },
)

test.serial('nghttp upgrades, and requests more on the same connection', async (t) => {
  const apache = await start(t)
  const urls = ['/small.txt', '/missing', '/small.txt?x=1'].map((path) => apache.url + path)
  const { logs } = await observe(t, apache.pids, async () => {
    for (let i = 0; i < 5; i++) await nghttp('-u', ...urls)
    await served(apache, 5)
  })
  // Now and then httpd says GOAWAY after the first answer; what it did not answer it does not log.
  const answered = serverLogs(logs, apache.port).filter(({ response }) => response.status > 0)
  expectRows(t, apache.rows(), answered)
})

test.serial('the client side of an upgrade tells the same', async (t) => {
  const apache = await start(t)
  const shell = new Shell()
  t.teardown(() => shell.stop())
  const { logs } = await observe(t, [shell.pid], async () => {
    await shell.run(`curl -s -o /dev/null --http2 ${apache.url}/small.txt`)
    await served(apache, 1)
  })
  expectRows(t, apache.rows(), clientLogs(logs, apache.port))
})

test.serial('curl with prior knowledge', async (t) => {
  const apache = await start(t)
  await expectServerLog(t, apache, 1, () => curl('--http2-prior-knowledge', `${apache.url}/large.bin`))
})

test.serial('a server that does not upgrade goes on with HTTP/1', async (t) => {
  const apache = await start(t)
  const { logs } = await expectServerLog(t, apache, 1, () =>
    curl('-H', 'Connection: Upgrade', '-H', 'Upgrade: h2c-17', `${apache.url}/small.txt`),
  )
  t.is(serverLogs(logs, apache.port)[0]?.protocol, 'HTTP/1.1')
})
