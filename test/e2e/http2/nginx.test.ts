import test, { type ExecutionContext } from 'ava'
import { curl, h2load, nghttp, upload } from '../harness/clients.ts'
import { Nginx } from '../harness/nginx.ts'
import { freePort } from '../harness/ports.ts'
import { serverLogs } from '../harness/rows.ts'
import { expectRows, observe } from '../harness/scenario.ts'
import { served } from '../harness/server.ts'

const PRIOR_KNOWLEDGE = '--http2-prior-knowledge'

/** nginx with a port for HTTP/2; `$request_length` is its count of header blocks and DATA payloads. */
async function start(t: ExecutionContext): Promise<{ nginx: Nginx; port: number; url: string }> {
  const port = await freePort()
  const nginx = await Nginx.start({
    extra: `listen 127.0.0.1:${port} http2; http2_max_concurrent_streams 128;`,
  })
  t.teardown(() => nginx.stop())
  return { nginx, port, url: `http://127.0.0.1:${port}` }
}

/** Drives traffic and expects the agent's logs to be nginx's own, its response bytes excepted: they count frame headers. */
async function expectLog(
  t: ExecutionContext,
  { nginx, port }: { nginx: Nginx; port: number },
  count: number,
  traffic: () => Promise<unknown>,
) {
  const observation = await observe(t, nginx.pids, async () => {
    await traffic()
    await served(nginx, count)
  })
  const rows = nginx.rows().map((row) => {
    delete row.responseBytes
    return row
  })
  t.is(rows.length, count, "rows in nginx's own log")
  expectRows(t, rows, serverLogs(observation.logs, port))
  return observation
}

test.serial('requests with priorities and padding on one connection', async (t) => {
  const server = await start(t)
  const paths = ['/small.txt', '/medium.bin?secret=1', '/return', '/missing', '/large.bin']
  const urls = paths.map((path) => server.url + path)
  await expectLog(t, server, 10, async () => {
    await nghttp(...urls)
    await nghttp('-b', '100', ...urls)
  })
})

test.serial('answers without a body, and a part of a file', async (t) => {
  const server = await start(t)
  await expectLog(t, server, 3, async () => {
    await curl(PRIOR_KNOWLEDGE, `${server.url}/none`)
    await curl(PRIOR_KNOWLEDGE, '-I', `${server.url}/medium.bin`)
    await curl(PRIOR_KNOWLEDGE, '-r', '100-299', `${server.url}/medium.bin`)
  })
})

for (const bytes of [1, 100_000, 5 * 1024 * 1024]) {
  test.serial(`upload of ${bytes} bytes by PUT`, async (t) => {
    const server = await start(t)
    const { logs } = await expectLog(t, server, 1, () =>
      upload('PUT', `${server.url}/put/file`, bytes, PRIOR_KNOWLEDGE),
    )
    t.is(serverLogs(logs, server.port)[0]?.request.bodyBytes, bytes)
  })
}

test.serial('100 streams on each of 16 connections', async (t) => {
  const server = await start(t)
  await expectLog(t, server, 6000, () =>
    h2load('-n', '6000', '-c', '16', '-m', '100', `${server.url}/return`, `${server.url}/small.txt`),
  )
})

test.serial('200 short connections, 50 at a time', async (t) => {
  const server = await start(t)
  const { logs } = await expectLog(t, server, 200, async () => {
    for (let i = 0; i < 4; i++) await h2load('-n', '50', '-c', '50', '-m', '1', `${server.url}/return`)
  })
  const accepts = logs.filter((log) => log.kind === 'accept' && log.local.port === server.port)
  t.is(accepts.length, 200)
})

test.serial('10 MB on 8 connections at once is counted, and not copied', async (t) => {
  const server = await start(t)
  const { summary } = await expectLog(t, server, 8, () =>
    h2load('-n', '8', '-c', '8', '-w', '24', '-W', '26', `${server.url}/large.bin`),
  )
  t.is(summary['recordsLost'], 0)
})
