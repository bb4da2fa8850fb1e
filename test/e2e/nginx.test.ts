import test, { type ExecutionContext } from 'ava'
import { ab, curl, upload } from './harness/clients.ts'
import { FILES, Nginx } from './harness/nginx.ts'
import { RawClient, get } from './harness/raw-client.ts'
import { serverLogs, toRow } from './harness/rows.ts'
import { expectRows, expectServerLog, observe } from './harness/scenario.ts'
import { served } from './harness/server.ts'

async function start(t: ExecutionContext, options: { workers?: number } = {}): Promise<Nginx> {
  const nginx = await Nginx.start(options)
  t.teardown(() => nginx.stop())
  return nginx
}

const putUrl = (nginx: Nginx): string => `${nginx.url}/put/file`

async function connect(t: ExecutionContext, nginx: Nginx): Promise<RawClient> {
  const client = await RawClient.connect(nginx.port)
  t.teardown(() => client.destroy())
  return client
}

test.serial('keep-alive: requests one after the other on one connection', async (t) => {
  const nginx = await start(t)
  const { url } = nginx
  await expectServerLog(t, nginx, 4, () =>
    curl(`${url}/small.txt`, `${url}/medium.bin?secret=1`, `${url}/return`, `${url}/missing`),
  )
})

test.serial('one connection for each request, closed by the server', async (t) => {
  const nginx = await start(t)
  await expectServerLog(t, nginx, 20, async () => {
    for (let i = 0; i < 20; i++) {
      await curl('-H', 'Connection: close', `${nginx.url}/small.txt?${i}`)
    }
  })
})

test.serial('50 requests pipelined in one write', async (t) => {
  const nginx = await start(t)
  await expectServerLog(t, nginx, 50, async () => {
    const client = await connect(t, nginx)
    await client.write(Array.from({ length: 50 }, (_, i) => get(`/small.txt?${i}`)).join(''))
    await client.responses(50)
  })
})

test.serial('50 requests pipelined and cut every seven bytes', async (t) => {
  const nginx = await start(t)
  await expectServerLog(t, nginx, 50, async () => {
    const client = await connect(t, nginx)
    const bytes = Array.from({ length: 50 }, (_, i) => get(i % 2 ? '/return' : '/none')).join('')
    for (let at = 0; at < bytes.length; at += 7) await client.write(bytes.slice(at, at + 7))
    await client.responses(50)
  })
})

test.serial('answers without a body: HEAD, 204, 304', async (t) => {
  const nginx = await start(t)
  await expectServerLog(t, nginx, 5, async () => {
    const client = await connect(t, nginx)
    await client.write(get('/medium.bin').replace('GET', 'HEAD'))
    await client.responses(1)
    const [, etag = ''] = client.received.match(/^ETag: (.*)\r$/m) ?? []
    await client.write(get('/medium.bin', { 'If-None-Match': etag }))
    await client.responses(2)
    t.regex(client.received, /^HTTP\/1\.1 304/m)
    await client.write(get('/none'))
    await client.write(get('/missing').replace('GET', 'HEAD'))
    await client.write(get('/small.txt'))
    await client.responses(5)
  })
})

test.serial('part of a file: 206', async (t) => {
  const nginx = await start(t)
  await expectServerLog(t, nginx, 1, () => curl('-r', '100-299', `${nginx.url}/medium.bin`))
})

for (const [file, bytes] of Object.entries(FILES)) {
  test.serial(`chunked answer of ${bytes} bytes: framing is not body`, async (t) => {
    const nginx = await start(t)
    const { logs } = await observe(t, nginx.pids, async () => {
      await curl(`${nginx.url}/chunked/${file}`)
      await served(nginx, 1)
    })
    const expected = { method: 'GET', path: `/chunked/${file}`, status: 200, responseBodyBytes: bytes }
    expectRows(t, [expected], serverLogs(logs, nginx.port))
  })
}

test.serial('sendfile of 10 MB, twice on one connection', async (t) => {
  const nginx = await start(t)
  const url = `${nginx.url}/large.bin`
  const { logs } = await expectServerLog(t, nginx, 2, () => curl(url, url))
  const written = logs.filter((log) => log.kind === 'write' && log.role === 'server')
  t.is(
    written.reduce((sum, log) => sum + (log.bytes ?? 0), 0),
    nginx.rows().reduce((sum, row) => sum + (row.responseBytes ?? 0), 0),
    'every byte that nginx sent is in a write log',
  )
})

for (const bytes of [1, 100_000, 5 * 1024 * 1024]) {
  test.serial(`upload of ${bytes} bytes by PUT`, async (t) => {
    const nginx = await start(t)
    const { logs } = await expectServerLog(t, nginx, 1, () =>
      upload('PUT', putUrl(nginx), bytes, '-H', 'Expect:'),
    )
    t.is(serverLogs(logs, nginx.port)[0]?.request.bodyBytes, bytes)
  })
}

test.serial('upload in chunks: framing is not body', async (t) => {
  const nginx = await start(t)
  const { logs } = await observe(t, nginx.pids, async () => {
    await upload('PUT', putUrl(nginx), 300_000, '-H', 'Transfer-Encoding: chunked', '-H', 'Expect:')
    await served(nginx, 1)
  })
  const expected = { method: 'PUT', path: '/put/file', status: 201, requestBodyBytes: 300_000 }
  expectRows(t, [expected], serverLogs(logs, nginx.port))
})

test.serial('upload that waits for 100-continue', async (t) => {
  const nginx = await start(t)
  const { logs } = await observe(t, nginx.pids, async () => {
    await upload('PUT', putUrl(nginx), 100_000, '-H', 'Expect: 100-continue')
    await served(nginx, 1)
  })
  const [row] = nginx.rows()
  if (!row) throw new Error('nginx logged nothing')
  // nginx takes the interim head for body in $body_bytes_sent; it belongs to the head.
  expectRows(t, [{ ...row, responseBodyBytes: 0 }], serverLogs(logs, nginx.port))
})

test.serial('a request that arrives byte by byte', async (t) => {
  const nginx = await start(t)
  await expectServerLog(t, nginx, 2, async () => {
    const client = await connect(t, nginx)
    await client.writeByteByByte(get('/small.txt', { 'X-Slow': 'yes' }) + get('/return'))
    await client.responses(2)
  })
})

test.serial('a client that reads 10 MB slowly', async (t) => {
  const nginx = await start(t)
  await expectServerLog(t, nginx, 1, async () => {
    const client = await connect(t, nginx)
    client.socket.pause()
    await client.write(get('/large.bin', { Connection: 'close' }))
    client.socket.on('data', () => {
      client.socket.pause()
      setImmediate(() => client.socket.resume())
    })
    client.socket.resume()
    await served(nginx, 1)
  })
})

test.serial('200 parallel keep-alive connections', async (t) => {
  const nginx = await start(t, { workers: 2 })
  await expectServerLog(t, nginx, 2000, () => ab('-k', '-n', '2000', '-c', '200', `${nginx.url}/small.txt`))
})

test.serial('2000 short connections, 200 at a time', async (t) => {
  const nginx = await start(t, { workers: 2 })
  const before = await nginx.accepted()
  const { logs } = await expectServerLog(t, nginx, 2000, async () => {
    await ab('-n', '2000', '-c', '200', `${nginx.url}/return`)
    await nginx.drained() // ab leaves some behind that it opened in advance
  })
  const accepted = (await nginx.accepted()) - before - 1 // the question is a connection too
  t.true(accepted >= 2000)
  const ofServer = logs.filter((log) => log.role === 'server' && log.local.port === nginx.port)
  t.is(ofServer.filter((log) => log.kind === 'accept').length, accepted)
  t.is(ofServer.filter((log) => log.kind === 'close').length, accepted)
})

test.serial('both ends of IPv6 are named', async (t) => {
  const nginx = await start(t)
  const { logs } = await expectServerLog(t, nginx, 1, () =>
    curl('-g', `http://[::1]:${nginx.port}/small.txt`),
  )
  const [log] = serverLogs(logs, nginx.port)
  t.is(log?.local.address, '::1')
  t.is(log?.remote.address, '::1')
})

test.serial('every log carries host, times and the name of the process', async (t) => {
  const nginx = await start(t)
  const before = Date.now()
  const { logs } = await expectServerLog(t, nginx, 1, () => curl(`${nginx.url}/small.txt`))
  const after = Date.now()
  const [log] = serverLogs(logs, nginx.port)
  if (!log) throw new Error('no log')
  t.is(log.request.host, `127.0.0.1:${nginx.port}`)
  t.is(log.protocol, 'HTTP/1.1')
  t.false(log.tls)
  t.is(log.local.process, 'nginx')
  t.true(nginx.pids.includes(log.local.pid ?? 0))
  const startMs = Date.parse(log.start)
  t.true(startMs >= before - 1 && startMs <= after + 1, `${log.start} is not between ${before} and ${after}`)
  t.true(log.durationNs > 0 && log.durationNs < (after - before + 1) * 1e6)
  t.is(toRow(log).status, 200)
})
