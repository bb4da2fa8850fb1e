import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { curl, upload } from './harness/clients.ts'
import { Owned } from './harness/owned.ts'
import { freePort } from './harness/ports.ts'
import { RawClient, get } from './harness/raw-client.ts'
import { serverLogs } from './harness/rows.ts'
import { expectRows, expectServerLog, observe } from './harness/scenario.ts'
import { ScriptServer } from './harness/script-server.ts'
import { until } from './harness/until.ts'

async function start(t: ExecutionContext, flavour: 'threading' | 'asyncio'): Promise<ScriptServer> {
  const server = await ScriptServer.python(flavour)
  t.teardown(() => server.stop())
  return server
}

for (const flavour of ['threading', 'asyncio'] as const) {
  test.serial(`${flavour}: answers of several sizes on one connection`, async (t) => {
    const server = await start(t, flavour)
    const paths = ['/bytes/0', '/bytes/1', '/bytes/999', '/bytes/10000', '/bytes/300000']
    await expectServerLog(t, server, paths.length, () =>
      curl(...paths.map((path) => `${server.url}${path}?q=1`)),
    )
  })

  test.serial(`${flavour}: uploads of 1 byte, 100 KB and 5 MB`, async (t) => {
    const server = await start(t, flavour)
    await expectServerLog(t, server, 3, async () => {
      for (const bytes of [1, 100_000, 5 * 1024 * 1024]) {
        await upload('POST', `${server.url}/upload`, bytes, '-H', 'Expect:')
      }
    })
  })

  test.serial(`${flavour}: 20 clients side by side`, async (t) => {
    const server = await start(t, flavour)
    await expectServerLog(t, server, 100, async () => {
      await Promise.all(Array.from({ length: 20 }, (_, i) => fiveRequests(server.port, i * 100)))
    })
  })
}

async function fiveRequests(port: number, bytes: number): Promise<void> {
  const client = await RawClient.connect(port)
  for (let i = 1; i <= 5; i++) {
    await client.write(get(`/bytes/${bytes + i}`))
    await client.responses(i)
  }
  client.destroy()
}

test.serial('threading: HEAD has no body', async (t) => {
  const server = await start(t, 'threading')
  await expectServerLog(t, server, 2, () =>
    curl('-I', `${server.url}/bytes/500`, '--next', `${server.url}/bytes/5`),
  )
})

test.serial('python3 -m http.server: HTTP/1.0, closed by the server', async (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'e2e-python-'))
  t.teardown(() => rmSync(directory, { recursive: true }))
  writeFileSync(join(directory, 'file'), Buffer.alloc(70_000, 'f'))
  const port = await freePort()
  const server = new Owned('python3', [
    '-m',
    'http.server',
    '--bind',
    '127.0.0.1',
    '-d',
    directory,
    String(port),
  ])
  t.teardown(() => server.stop())
  await server.listening(port)
  const logged = (): RegExpMatchArray[] => [...server.stderr.matchAll(/"(\w+) (\S+) HTTP\/1\.1" (\d+) -$/gm)]
  const url = `http://127.0.0.1:${port}`
  const { logs } = await observe(t, [server.pid], async () => {
    await curl(`${url}/file`, `${url}/missing`, '--next', '-I', `${url}/file`)
    await until('three rows', () => logged().length === 3)
  })
  const seen = serverLogs(logs, port)
  const rows = logged().map(([, method = '', path = '', status]) => ({
    method,
    path,
    status: Number(status),
  }))
  expectRows(t, rows, seen)
  t.is(
    seen.find((log) => log.request.method === 'GET' && log.response.status === 200)?.response.bodyBytes,
    70_000,
  )
})
