import test, { type ExecutionContext } from 'ava'
import type { HttpLog } from '../harness/agent.ts'
import { curl, h2load, nghttp } from '../harness/clients.ts'
import { Haproxy } from '../harness/haproxy.ts'
import { Nghttpd } from '../harness/nghttpd.ts'
import { Nginx } from '../harness/nginx.ts'
import { type Row, clientLogs, serverLogs, toRow } from '../harness/rows.ts'
import { observe } from '../harness/scenario.ts'
import { type Server, served } from '../harness/server.ts'
import { Shell } from '../harness/shell.ts'
import { type TestAuthority, testAuthority } from './authority.ts'
import { buildGo, fetchNode } from './builds.ts'
import { passed, writeWhenPassed } from './cells.ts'
import { FILES, PATHS, curlLine, expectEncrypted } from './encrypted.ts'
import { C_PROGRAMS, HTTP2_PROGRAMS, type Program, ProgramClient, ProgramServer } from './program.ts'

const HTTP2 = 'HTTP/2'

let authority: TestAuthority

test.before(async (t) => {
  t.timeout(900_000)
  authority = await testAuthority()
  await Promise.all([fetchNode(), buildGo()])
})

test.after.always(async () => {
  await authority?.remove()
})

writeWhenPassed('http2')

async function startNginx(t: ExecutionContext): Promise<Nginx> {
  const extra = 'http2_max_concurrent_streams 128;'
  const nginx = await Nginx.start({ certificate: authority.server, http2: true, extra })
  t.teardown(() => nginx.stop())
  return nginx
}

/** nginx counts the heads of frames among the bytes of an answer. */
function rowsOf(nginx: Nginx): Row[] {
  return nginx.rows().map((row) => {
    delete row.responseBytes
    return row
  })
}

/** What h2load does not take for a failure. */
const FOUND = ['/small.txt?q=1', '/medium.bin']

const h2loadLine = (url: string, paths: readonly string[]): string[] => [
  ...['-n', '240', '-c', '4', '-m', '20'],
  ...paths.map((path) => url + path),
]

/** One after the other, all at once with priorities, and many at once on several connections. */
async function askAll(url: string, paths: readonly string[], found = paths): Promise<number> {
  const urls = paths.map((path) => url + path)
  await curl('--cacert', authority.file, ...urls)
  await nghttp(...urls)
  await h2load(...h2loadLine(url, found))
  return 2 * paths.length + 240
}

const answerOf = ({ method, path, status }: Row): string => `${method} ${path} ${status}`

/**
 * Go closes a connection that its client has left while another goroutine still returns from Write: what that call wrote
 * is not told, and the log says so. Takes such logs out, and the server's rows of the same answers.
 */
function withoutLate(rows: readonly Row[], logs: readonly HttpLog[]): [Row[], HttpLog[]] {
  const left = [...rows]
  const late = logs.filter(({ incomplete }) => incomplete?.join() === 'response.headers,response.bodyBytes')
  for (const log of late) {
    const at = left.findIndex((row) => answerOf(row) === answerOf(toRow(log)))
    if (at >= 0) left.splice(at, 1)
  }
  return [left, logs.filter((log) => !late.includes(log))]
}

async function serves(t: ExecutionContext, program: Program): Promise<void> {
  const running = await ProgramServer.start(program, authority.server)
  t.teardown(() => running.stop())
  let count = 0
  const { logs } = await observe(t, running.pids, async () => {
    count = await askAll(running.url, PATHS)
    await served(running, count)
  })
  t.is(running.rows().length, count)
  const [rows, seen] = withoutLate(running.rows(), serverLogs(logs, running.port))
  // One for each connection of curl, nghttp and h2load, at most.
  t.true(running.rows().length - rows.length <= (program.name.startsWith('Go') ? 6 : 0))
  expectEncrypted(t, rows, seen, HTTP2)
  await passed(program, 'server', HTTP2)
}

async function asks(t: ExecutionContext, program: Program): Promise<void> {
  const nginx = await startNginx(t)
  const running = new ProgramClient(program, authority.file)
  t.teardown(() => running.stop())
  const { logs } = await observe(t, [running.pid], async () => {
    for (let i = 0; i < 3; i++) await running.get(nginx.port, [...FILES, ...FILES])
  })
  t.is(running.rows().length, 6 * FILES.length)
  const fields = ({ method, path, status, responseBodyBytes = 0 }: Row): Row => ({
    ...{ method, path, status, responseBodyBytes },
  })
  expectEncrypted(t, running.rows().map(fields), clientLogs(logs, nginx.port), HTTP2)
  await passed(program, 'client', HTTP2)
}

for (const program of HTTP2_PROGRAMS) {
  test.serial(`${program.name} serves`, serves, program)
  test.serial(`${program.name} asks`, asks, program)
}

const stock = (name: string): Program => ({ ...C_PROGRAMS[0]!, name })

const SERVERS: Record<string, (t: ExecutionContext) => Promise<{ server: Server; rows: () => Row[] }>> = {
  nginx: async (t) => {
    const server = await startNginx(t)
    return { server, rows: () => rowsOf(server) }
  },
  nghttpd: async (t) => {
    const server = await Nghttpd.start(authority.server)
    t.teardown(() => server.stop())
    return { server, rows: () => server.rows() }
  },
}

for (const [name, start] of Object.entries(SERVERS))
  test.serial(`${name} serves`, async (t) => {
    const { server, rows } = await start(t)
    let count = 0
    const { logs } = await observe(t, server.pids, async () => {
      count = await askAll(server.url, FILES, FOUND)
      await served(server, count)
    })
    t.is(rows().length, count)
    expectEncrypted(t, rows(), serverLogs(logs, server.port), HTTP2)
    await passed(stock(name), 'server', HTTP2)
  })

/** Command lines, and how many requests each makes. */
const CLIENTS: Record<string, { line: (url: string) => string; count: number }> = {
  curl: {
    line: (url) =>
      [curlLine(authority.file, url, FILES), `${curlLine(authority.file, url, FILES)} -Z`].join('; '),
    count: 2 * FILES.length,
  },
  nghttp: { line: (url) => `nghttp -n ${FILES.map((path) => url + path).join(' ')}`, count: FILES.length },
  h2load: { line: (url) => `h2load ${h2loadLine(url, FILES).join(' ')} >/dev/null`, count: 240 },
}

for (const [name, { line, count }] of Object.entries(CLIENTS))
  test.serial(`${name} asks`, async (t) => {
    const nginx = await startNginx(t)
    const shell = new Shell()
    t.teardown(() => shell.stop())
    const { logs } = await observe(t, [shell.pid], async () => {
      for (let i = 0; i < 3; i++) t.is(await shell.run(line(nginx.url)), 0)
      await served(nginx, 3 * count)
    })
    t.is(nginx.rows().length, 3 * count)
    expectEncrypted(t, rowsOf(nginx), clientLogs(logs, nginx.port), HTTP2)
    await passed(stock(name), 'client', HTTP2)
  })

test.serial('h2load through haproxy to nginx: all four ends tell the same', async (t) => {
  const nginx = await startNginx(t)
  const haproxy = await Haproxy.start(nginx.port, authority.server, 'h2')
  t.teardown(() => haproxy.stop())
  const { logs } = await observe(t, [...nginx.pids, ...haproxy.pids], async () => {
    await h2load(...h2loadLine(haproxy.url, FOUND))
    await served(nginx, 240)
    await served(haproxy, 240)
  })
  expectEncrypted(t, rowsOf(nginx), serverLogs(logs, nginx.port), HTTP2)
  expectEncrypted(t, haproxy.rows(), clientLogs(logs, nginx.port), HTTP2)
  expectEncrypted(t, haproxy.rows(), serverLogs(logs, haproxy.port), HTTP2)
  await passed(stock('haproxy'), 'server', HTTP2)
  await passed(stock('haproxy'), 'client', HTTP2)
})

test.serial('nothing is lost at full speed: 100 streams on each of 16 connections', async (t) => {
  const nginx = await startNginx(t)
  const { logs, summary } = await observe(t, nginx.pids, async () => {
    const paths = ['/return', '/small.txt'].map((path) => nginx.url + path)
    await h2load('-n', '20000', '-c', '16', '-m', '100', ...paths)
    await served(nginx, 20_000)
  })
  t.is(summary['recordsLost'], 0)
  t.is(rowsOf(nginx).length, 20_000)
  expectEncrypted(t, rowsOf(nginx), serverLogs(logs, nginx.port), HTTP2)
})
