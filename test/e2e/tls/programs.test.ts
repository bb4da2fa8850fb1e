import test, { type ExecutionContext } from 'ava'
import { Haproxy } from '../harness/haproxy.ts'
import { Nginx } from '../harness/nginx.ts'
import { Owned, run } from '../harness/owned.ts'
import { freePort } from '../harness/ports.ts'
import { clientLogs, serverLogs } from '../harness/rows.ts'
import { observe } from '../harness/scenario.ts'
import { served } from '../harness/server.ts'
import { Shell } from '../harness/shell.ts'
import { type TestAuthority, testAuthority } from './authority.ts'
import { buildC, buildGo, fetchNode } from './builds.ts'
import { passed, writeWhenPassed } from './cells.ts'
import { FILES, PATHS, curlLine, expectEncrypted } from './encrypted.ts'
import { ALL_PROGRAMS, C_PROGRAMS, type Program, ProgramClient, ProgramServer } from './program.ts'

let authority: TestAuthority

test.before(async (t) => {
  t.timeout(900_000)
  authority = await testAuthority()
  await Promise.all([buildC(), fetchNode()])
  await buildGo()
})

test.after.always(async () => {
  await authority?.remove()
})

writeWhenPassed('programs')

async function serves(t: ExecutionContext, program: Program): Promise<void> {
  const running = await ProgramServer.start(program, authority.server)
  t.teardown(() => running.stop())
  const { logs } = await observe(t, running.pids, async () => {
    for (let i = 0; i < 3; i++) {
      const { stderr } = await run('sh', [
        '-c',
        curlLine(authority.file, `https://localhost:${running.port}`, PATHS),
      ])
      t.is(stderr, '')
    }
    await served(running, 3 * PATHS.length)
  })
  expectEncrypted(t, running.rows(), serverLogs(logs, running.port))
  await passed(program, 'server')
}

async function asks(t: ExecutionContext, program: Program): Promise<void> {
  const nginx = await Nginx.start({ certificate: authority.server })
  t.teardown(() => nginx.stop())
  const running = new ProgramClient(program, authority.file)
  t.teardown(() => running.stop())
  const { logs } = await observe(t, [running.pid], async () => {
    for (let i = 0; i < 3; i++) await running.get(nginx.port, FILES)
  })
  t.is(running.rows().length, 3 * FILES.length)
  expectEncrypted(t, running.rows(), clientLogs(logs, nginx.port))
  await passed(program, 'client')
}

for (const program of ALL_PROGRAMS) {
  test.serial(`${program.name} serves`, serves, program)
  test.serial(`${program.name} asks`, asks, program)
}

const stock = (name: string): Program => ({ ...C_PROGRAMS[0]!, name })

test.serial(
  'curl through haproxy to nginx, encrypted on both ways: all four ends tell the same',
  async (t) => {
    const nginx = await Nginx.start({ certificate: authority.server })
    t.teardown(() => nginx.stop())
    const haproxy = await Haproxy.start(nginx.port, authority.server)
    t.teardown(() => haproxy.stop())
    const shell = new Shell()
    t.teardown(() => shell.stop())
    const { logs } = await observe(t, [...nginx.pids, ...haproxy.pids, shell.pid], async () => {
      await shell.run(curlLine(authority.file, haproxy.url, FILES))
      await served(nginx, FILES.length)
      await served(haproxy, FILES.length)
    })
    expectEncrypted(t, haproxy.rows(), clientLogs(logs, haproxy.port))
    expectEncrypted(t, haproxy.rows(), serverLogs(logs, haproxy.port))
    expectEncrypted(t, haproxy.rows(), clientLogs(logs, nginx.port))
    expectEncrypted(t, nginx.rows(), serverLogs(logs, nginx.port))
    await passed(stock('curl'), 'client')
    await passed(stock('haproxy'), 'server')
    await passed(stock('haproxy'), 'client')
    await passed(stock('nginx'), 'server')
  },
)

// Both have a person at the other end: what is typed is written, what is read is shown.
test.serial('openssl s_client asks openssl s_server', async (t) => {
  const port = await freePort()
  const { certificateFile, keyFile } = authority.server
  const files = ['-cert', certificateFile, '-key', keyFile]
  const server = new Owned('openssl', ['s_server', '-quiet', '-accept', `${port}`, ...files])
  t.teardown(() => server.stop('SIGKILL'))
  await server.listening(port)
  const shell = new Shell()
  t.teardown(() => shell.stop())
  const { logs } = await observe(t, [server.pid, shell.pid], async () => {
    const asking = shell.run(
      `printf 'GET /typed HTTP/1.0\\r\\n\\r\\n' | timeout 5 openssl s_client -quiet -ign_eof -connect 127.0.0.1:${port} 2>&1 | sed '/typed by hand/q'`,
    )
    await server.line(/^GET \/typed/)
    server.writeLine('HTTP/1.0 200 OK\r\nContent-Length: 14\r\n\r\ntyped by hand')
    await asking
  })
  const expected = [{ method: 'GET', path: '/typed', status: 200, responseBodyBytes: 14 }]
  expectEncrypted(t, expected, serverLogs(logs, port), 'HTTP/1.0')
  expectEncrypted(t, expected, clientLogs(logs, port), 'HTTP/1.0')
  await passed(stock('openssl s_server'), 'server', 'HTTP/1.0')
  await passed(stock('openssl s_client'), 'client', 'HTTP/1.0')
})
