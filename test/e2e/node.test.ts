import { randomBytes } from 'node:crypto'
import test, { type ExecutionContext } from 'ava'
import { curl, upload } from './harness/clients.ts'
import { RawClient, get } from './harness/raw-client.ts'
import { difference, serverLogs, toRow } from './harness/rows.ts'
import { expectRows, expectServerLog, observe } from './harness/scenario.ts'
import { ScriptServer } from './harness/script-server.ts'
import { served } from './harness/server.ts'

async function start(t: ExecutionContext): Promise<ScriptServer> {
  const server = await ScriptServer.node()
  t.teardown(() => server.stop())
  return server
}

async function connect(t: ExecutionContext, server: ScriptServer): Promise<RawClient> {
  const client = await RawClient.connect(server.port)
  t.teardown(() => client.destroy())
  return client
}

/** One request with curl for each path, all on one connection. */
const FETCHED: Record<string, string[]> = {
  'bodies of a known length, none to 1 MB': [
    '/bytes/0',
    '/bytes/1',
    '/bytes/8192',
    '/bytes/8193',
    '/bytes/1048576',
  ],
  'a small chunked answer': ['/stream/3x10'],
  'a chunked answer larger than what is captured': ['/stream/20x1000'],
  '200 KB in 2000 chunks': ['/stream/2000x100'],
  '1 MB in chunks of 64 KiB': ['/stream/16x65536'],
  'an empty chunked answer between others': ['/bytes/5', '/stream/0x1', '/bytes/5'],
  'chunks with trailers': ['/trailers/', '/trailers/'],
  'a 103 before the answer': ['/hints/', '/hints/'],
  'answers without a body': ['/status/204', '/status/304', '/status/205', '/bytes/5'],
  errors: ['/status/404', '/status/500', '/status/503'],
  'query strings are not part of the path': ['/bytes/5?token=secret', '/bytes/5?'],
}

for (const [name, paths] of Object.entries(FETCHED)) {
  test.serial(name, async (t) => {
    const server = await start(t)
    await expectServerLog(t, server, paths.length, () => curl(...paths.map((path) => `${server.url}${path}`)))
  })
}

test.serial('every method', async (t) => {
  const server = await start(t)
  const methods = ['GET', 'POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS']
  await expectServerLog(t, server, methods.length, async () => {
    for (const method of methods) await curl('-X', method, `${server.url}/bytes/7`)
  })
})

test.serial('HEAD of sized and of chunked answers, then a GET', async (t) => {
  const server = await start(t)
  await expectServerLog(t, server, 3, () =>
    curl('-I', `${server.url}/bytes/5000`, `${server.url}/stream/3x10`, '--next', `${server.url}/bytes/5`),
  )
})

test.serial('If-None-Match is answered by 304', async (t) => {
  const server = await start(t)
  await expectServerLog(t, server, 2, () =>
    curl(`${server.url}/tag/`, '--next', '-H', 'If-None-Match: "1"', `${server.url}/tag/`),
  )
  t.deepEqual(
    server.rows().map((row) => row.status),
    [200, 304],
  )
})

for (const bytes of [1, 100_000, 5 * 1024 * 1024]) {
  test.serial(`upload of ${bytes} bytes`, async (t) => {
    const server = await start(t)
    await expectServerLog(t, server, 1, () => upload('POST', `${server.url}/upload/`, bytes, '-H', 'Expect:'))
  })
  test.serial(`upload of ${bytes} bytes in chunks`, async (t) => {
    const server = await start(t)
    await expectServerLog(t, server, 1, () =>
      upload('POST', `${server.url}/upload/`, bytes, '-H', 'Expect:', '-H', 'Transfer-Encoding: chunked'),
    )
  })
}

test.serial('upload that waits for 100-continue', async (t) => {
  const server = await start(t)
  await expectServerLog(t, server, 1, () =>
    upload('POST', `${server.url}/upload/`, 50_000, '-H', 'Expect: 100-continue'),
  )
})

test.serial('50 requests pipelined in one write', async (t) => {
  const server = await start(t)
  await expectServerLog(t, server, 50, async () => {
    const client = await connect(t, server)
    await client.write(Array.from({ length: 50 }, (_, i) => get(`/bytes/${i * 100}`)).join(''))
    await client.responses(50)
  })
})

test.serial('pipelined answers are matched in order', async (t) => {
  const server = await start(t)
  const { logs } = await expectServerLog(t, server, 20, async () => {
    const client = await connect(t, server)
    await client.write(Array.from({ length: 20 }, (_, i) => get(`/status/${200 + (i % 4)}?n=${i}`)).join(''))
    await client.responses(20)
  })
  const seen = serverLogs(logs, server.port)
  t.deepEqual(
    seen.map((log) => log.request.path),
    seen.map((log) => `/status/${log.response.status}`),
  )
})

test.serial('a request that arrives byte by byte', async (t) => {
  const server = await start(t)
  await expectServerLog(t, server, 1, async () => {
    const client = await connect(t, server)
    await client.writeByteByByte(get('/bytes/20', { 'X-Slow': 'yes' }))
    await client.responses(1)
  })
})

test.serial('a WebSocket is one exchange with status 101, its frames are none', async (t) => {
  const server = await start(t)
  const frames = randomBytes(5000).toString('latin1')
  const { logs } = await expectServerLog(t, server, 1, async () => {
    const client = await connect(t, server)
    await client.write(
      get('/ws', {
        Connection: 'Upgrade',
        Upgrade: 'websocket',
        'Sec-WebSocket-Key': 'AAAAAAAAAAAAAAAAAAAAAA==',
      }),
    )
    await client.responses(1)
    for (let i = 0; i < 5; i++) await client.write(frames)
    await client.receives(/[^]/g, 5 * frames.length)
    await client.write(get('/not-http-any-more'))
    await client.receives(/not-http-any-more/g)
  })
  t.deepEqual(
    serverLogs(logs, server.port).map((log) => log.response.status),
    [101],
  )
})

test.serial('a head larger than what is captured is marked, and does not disturb the next one', async (t) => {
  const server = await start(t)
  const { logs } = await observe(t, server.pids, async () => {
    await curl(
      '-H',
      `X-Long: ${'h'.repeat(15_000)}`,
      `${server.url}/bytes/5`,
      '--next',
      `${server.url}/bytes/6`,
    )
    await served(server, 2)
  })
  const seen = serverLogs(logs, server.port)
  t.deepEqual(difference(server.rows(), seen.map(toRow)), [])
  t.deepEqual(
    seen.map((log) => [log.request.path, Boolean(log.incomplete)]),
    [
      ['/bytes/5', true],
      ['/bytes/6', false],
    ],
  )
})

test.serial('an answer that the client does not wait for is logged with what was sent of it', async (t) => {
  const server = await start(t)
  const path = '/stream/1000x65536'
  const { logs } = await observe(t, server.pids, async () => {
    const client = await connect(t, server)
    await client.write(get(path))
    await client.responses(1)
    client.destroy()
    await curl(`${server.url}/bytes/5`)
    await served(server, 1)
  })
  const seen = serverLogs(logs, server.port)
  expectRows(
    t,
    server.rows(),
    seen.filter((log) => log.request.path !== path),
  )
  const cut = seen.filter((log) => log.request.path === path)
  t.deepEqual(
    cut.map(({ request, response }) => [request.method, response.status]),
    [['GET', 200]],
  )
  t.true((cut[0]?.response.bodyBytes ?? Infinity) < 1000 * 65_536)
})
