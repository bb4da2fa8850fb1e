import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import type { HttpLog } from '../harness/agent.ts'
import { Nginx } from '../harness/nginx.ts'
import { Owned } from '../harness/owned.ts'
import { freePort } from '../harness/ports.ts'
import { isHttp } from '../harness/rows.ts'
import { observe } from '../harness/scenario.ts'
import { until } from '../harness/until.ts'
import { type TestAuthority, testAuthority } from './authority.ts'
import { buildGo, fetchNode } from './builds.ts'
import { ALL_PROGRAMS, ProgramServer } from './program.ts'

const CONNECTIONS = 40
const ROUNDS = 10

let authority: TestAuthority

test.before(async (t) => {
  t.timeout(300_000)
  authority = await testAuthority()
  await Promise.all([buildGo(), fetchNode()])
})

test.after.always(async () => {
  await authority?.remove()
})

/** An answer, and the client's end of the connection that brought it. */
interface Answer {
  localPort: number
  path: string
  tls: boolean
}

/** `side port path tls`, as a line to compare. */
const line = (side: string, { localPort, path, tls }: Answer): string =>
  `${side} ${localPort} ${path.replace(/\?.*/, '')} ${tls}`

function lineOf(log: HttpLog): string {
  const localPort = log.role === 'server' ? log.remote.port : log.local.port
  return line(log.role, { localPort, path: log.request.path, tls: log.tls })
}

/** One client thread asks one server thread on many connections at once, every other one encrypted. */
async function mixed(t: ExecutionContext, pids: readonly number[], plain: number, secure: number) {
  const client = new Owned(process.execPath, [
    join(import.meta.dirname, 'programs/https.cjs'),
    'mix',
    authority.file,
  ])
  t.teardown(() => client.stop('SIGKILL'))
  const { logs } = await observe(t, [client.pid, ...pids], async () => {
    client.writeLine([plain, secure, CONNECTIONS, ROUNDS].join(' '))
    await until('a client that is done', () => client.lines.includes('done') || client.gone, 30_000)
  })
  t.is(client.stderr, '')
  const answers = client.lines.filter((text) => text !== 'done').map((text) => JSON.parse(text) as Answer)
  t.is(answers.length, 2 * CONNECTIONS * ROUNDS)
  t.deepEqual(
    logs.filter(isHttp).map(lineOf).sort(),
    answers.flatMap((answer) => [line('client', answer), line('server', answer)]).sort(),
  )
}

const SERVERS = ['Node 16', 'Node 24', 'Python asyncio', 'Go stripped', 'Go 1.17.13 stripped']

for (const program of ALL_PROGRAMS.filter(({ name }) => SERVERS.includes(name))) {
  test.serial(`${program.name}: every request is logged on the connection that carried it`, async (t) => {
    const server = await ProgramServer.start(program, authority.server)
    t.teardown(() => server.stop())
    await mixed(t, server.pids, server.plainPort, server.port)
  })
}

test.serial('nginx: every request is logged on the connection that carried it', async (t) => {
  const plain = await freePort()
  const nginx = await Nginx.start({ certificate: authority.server, extra: `listen 127.0.0.1:${plain};` })
  t.teardown(() => nginx.stop())
  await mixed(t, nginx.pids, plain, nginx.port)
})
