/** HTTP/2 within TLS, on programs whose calls are as large as records, and larger. */
import { status } from '@grpc/grpc-js'
import test, { type ExecutionContext } from 'ava'
import { GoClient, buildGo } from '../harness/go-program.ts'
import { Nginx } from '../harness/nginx.ts'
import { freePort } from '../harness/ports.ts'
import { clientLogs, serverLogs } from '../harness/rows.ts'
import { expectRows, observe } from '../harness/scenario.ts'
import { ScriptServer } from '../harness/script-server.ts'
import { served } from '../harness/server.ts'
import { Shell } from '../harness/shell.ts'
import { type TestAuthority, testAuthority } from './authority.ts'

let authority: TestAuthority
let grpc: string

test.before(async (t) => {
  t.timeout(240_000, 'go build')
  authority = await testAuthority()
  grpc = await buildGo('grpc')
})

test.after.always(async () => {
  await authority?.remove()
})

async function start(t: ExecutionContext): Promise<{ nginx: Nginx; port: number; url: string }> {
  const port = await freePort()
  const extra = `listen 127.0.0.1:${port} ssl http2;`
  const nginx = await Nginx.start({ certificate: authority.server, extra })
  t.teardown(() => nginx.stop())
  return { nginx, port, url: `https://127.0.0.1:${port}` }
}

/** What nginx logs, but for response bytes, in which it counts frame headers. */
function rowsOf(nginx: Nginx) {
  return nginx.rows().map((row) => {
    delete row.responseBytes
    return row
  })
}

test.serial('curl to nginx: both sides tell the same, bodies of 10 MB included', async (t) => {
  const { nginx, port, url } = await start(t)
  const shell = new Shell()
  t.teardown(() => shell.stop())
  const { logs } = await observe(t, [shell.pid, ...nginx.pids], async () => {
    const urls = ['small.txt', 'large.bin?secret=1', 'return', 'missing'].map(
      (path) => `-o /dev/null ${url}/${path}`,
    )
    await shell.run(`curl -sS --http2 --cacert ${authority.file} ${urls.join(' ')}`)
    await served(nginx, 4)
  })
  const [server, client] = [serverLogs(logs, port), clientLogs(logs, port)]
  expectRows(t, rowsOf(nginx), server)
  expectRows(t, rowsOf(nginx), client)
  t.true([...server, ...client].every(({ tls, protocol }) => tls && protocol === 'HTTP/2'))
})

test.serial('gRPC on grpc-go: both ends log what the service counts', async (t) => {
  const { certificateFile, keyFile } = authority.server
  const server = await ScriptServer.go(grpc, certificateFile, keyFile)
  t.teardown(() => server.stop())
  const client = await GoClient.start(grpc, `127.0.0.1:${server.port}`, authority.file)
  t.teardown(() => client.stop())
  const { logs } = await observe(t, [...server.pids, client.pid], async () => {
    const orders = [
      '50 unary 1 200',
      '1 unary 1 1000000',
      '5 collect 20 5000',
      '5 repeat 50 2000',
      '5 chat 20 50',
    ]
    for (const order of [...orders, '5 fail 1 0']) await client.ask(order)
    await served(server, 71)
  })
  const failed = server.rows().filter(({ grpcStatus }) => grpcStatus === status.NOT_FOUND)
  t.is(failed.length, 5)
  const [ofServer, ofClient] = [serverLogs(logs, server.port), clientLogs(logs, server.port)]
  expectRows(t, server.rows(), ofServer)
  expectRows(t, server.rows(), ofClient)
  t.true([...ofServer, ...ofClient].every(({ tls }) => tls))
})
