import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { run } from '../harness/owned.ts'
import { clientLogs, serverLogs } from '../harness/rows.ts'
import { expectRows, observe } from '../harness/scenario.ts'
import { served } from '../harness/server.ts'
import { type TestAuthority, testAuthority } from './authority.ts'
import {
  type Program,
  ProgramClient,
  ProgramServer,
  buildGo,
  goPrograms,
  nodePrograms,
  pythonPrograms,
} from './program.ts'
import { Nginx } from '../harness/nginx.ts'

let authority: TestAuthority

const goFolder = mkdtempSync(join(tmpdir(), 'e2e-tls-go-'))

test.before(async (t) => {
  t.timeout(300_000)
  authority = await testAuthority()
  await buildGo(goFolder)
})

test.after.always(async () => {
  await authority?.remove()
  rmSync(goFolder, { recursive: true })
})

const PATHS = ['/bytes/0', '/bytes/1', '/bytes/999?secret=1', '/bytes/20000', '/bytes/300000', '/bytes/5']

async function curlAll(port: number, times: number): Promise<void> {
  for (let i = 0; i < times; i++) {
    const urls = PATHS.flatMap((path) => ['-o', '/dev/null', `https://localhost:${port}${path}`])
    const { code, stderr } = await run('curl', ['-sS', '--cacert', authority.file, ...urls])
    if (code !== 0) throw new Error(stderr)
  }
}

async function server(t: ExecutionContext, program: Program): Promise<void> {
  const running = await ProgramServer.start(program, authority.server)
  t.teardown(() => running.stop())
  const { logs } = await observe(t, running.pids, async () => {
    await curlAll(running.port, 3)
    await served(running, 3 * PATHS.length)
  })
  const seen = serverLogs(logs, running.port)
  expectRows(t, running.rows(), seen)
  t.true(seen.every(({ tls }) => tls))
}

async function client(t: ExecutionContext, program: Program): Promise<void> {
  const nginx = await Nginx.start({ certificate: authority.server })
  t.teardown(() => nginx.stop())
  const running = new ProgramClient(program, authority.file)
  t.teardown(() => running.stop())
  const { logs } = await observe(t, [running.pid], async () => {
    for (let i = 0; i < 3; i++)
      await running.get(nginx.port, ['/small.txt?q=1', '/medium.bin', '/return', '/missing'])
  })
  const seen = clientLogs(logs, nginx.port)
  t.is(running.rows().length, 12)
  expectRows(t, running.rows(), seen)
  t.true(seen.every(({ tls }) => tls))
}

for (const program of [...nodePrograms(), ...pythonPrograms(), ...goPrograms(goFolder)]) {
  test.serial(`${program.name} serves`, server, program)
  test.serial(`${program.name} asks`, client, program)
}
