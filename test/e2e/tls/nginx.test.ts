import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { type AddressInfo, type Socket, connect } from 'node:net'
import { type TLSSocket, connect as connectTls } from 'node:tls'
import test, { type ExecutionContext } from 'ava'
import { Nginx } from '../harness/nginx.ts'
import { serverLogs, clientLogs } from '../harness/rows.ts'
import { expectRows, observe } from '../harness/scenario.ts'
import { served } from '../harness/server.ts'
import { Shell } from '../harness/shell.ts'
import { until } from '../harness/until.ts'
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

/** Asks on a connection and waits for the answer's last bytes. */
async function ask(socket: TLSSocket, path: string, end: string): Promise<void> {
  let answer = ''
  const take = (chunk: Buffer): void => void (answer += chunk.toString('latin1'))
  socket.on('data', take)
  socket.write(`GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`)
  await until('the answer', () => answer.endsWith(end))
  socket.off('data', take)
}

test.serial('the first request of a curl that nobody waited for', async (t) => {
  const nginx = await start(t)
  const shell = new Shell()
  t.teardown(() => shell.stop())
  const { logs } = await observe(t, [shell.pid], async () => {
    await shell.run(`curl -sS --cacert ${authority.file} -o /dev/null ${nginx.url}/small.txt`)
    await served(nginx, 1)
  })
  expectRows(t, nginx.rows(), clientLogs(logs, nginx.port))
})

test.serial('a connection that is older than the agent is logged from its next request on', async (t) => {
  const nginx = await start(t)
  const ca = readFileSync(authority.file)
  const socket = connectTls({ port: nginx.port, host: '127.0.0.1', servername: 'localhost', ca })
  t.teardown(() => socket.destroy())
  await once(socket, 'secureConnect')
  await ask(socket, '/return', '0123456789')
  const { logs } = await observe(t, nginx.pids, async () => {
    await ask(socket, '/return?later', '0123456789')
    await ask(socket, '/none', '\r\n\r\n')
    await served(nginx, 3)
  })
  const seen = serverLogs(logs, nginx.port)
  expectRows(t, nginx.rows().slice(1), seen)
  t.true(seen.every(({ tls }) => tls))
})

test.serial('through a proxy: the CONNECT, and what is asked inside the tunnel', async (t) => {
  const nginx = await start(t)
  const proxy = createServer().on('connect', (_request, client: Socket) => {
    const origin = connect(nginx.port, '127.0.0.1', () => {
      client.write('HTTP/1.1 200 Connection established\r\n\r\n')
      client.pipe(origin).pipe(client)
    })
    for (const socket of [client, origin]) socket.on('error', () => socket.destroy())
  })
  proxy.listen(0, '127.0.0.1')
  t.teardown(() => proxy.close())
  await once(proxy, 'listening')
  const { port } = proxy.address() as AddressInfo
  const shell = new Shell()
  t.teardown(() => shell.stop())
  const { logs } = await observe(t, [shell.pid], async () => {
    const url = `https://localhost:${nginx.port}`
    const outputs = ['small.txt', 'return'].map((path) => `-o /dev/null ${url}/${path}`).join(' ')
    await shell.run(`curl -sS --cacert ${authority.file} --proxy http://127.0.0.1:${port} ${outputs}`)
    await served(nginx, 2)
  })
  const [first, ...inside] = clientLogs(logs, port)
  t.is(first?.request.method, 'CONNECT')
  t.is(first?.response.status, 200)
  expectRows(t, nginx.rows(), inside)
  t.true(inside.every(({ tls }) => tls))
})
