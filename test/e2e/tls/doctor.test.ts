import test from 'ava'
import { accesslog } from '../../cli/command.ts'
import { run } from '../harness/owned.ts'
import { Owned } from '../harness/owned.ts'
import { observe } from '../harness/scenario.ts'
import type { Inspection } from '../../../agent/doctor.ts'
import { type TestAuthority, testAuthority } from './authority.ts'
import { buildC, buildGo } from './builds.ts'
import { ALL_PROGRAMS, ProgramServer } from './program.ts'

let authority: TestAuthority

test.before(async (t) => {
  t.timeout(300_000)
  authority = await testAuthority()
  await Promise.all([buildC(), buildGo()])
})

test.after.always(async () => {
  await authority?.remove()
})

const NAMES: Record<string, { library: string; version: RegExp }> = {
  'Node 24': { library: 'Node.js', version: /^OpenSSL 3\.\d+\.\d+$/ },
  'Python asyncio': { library: 'OpenSSL', version: /^OpenSSL 3\.\d+\.\d+$/ },
  'Go PIE, stripped': { library: 'Go crypto/tls', version: /^go1\.\d+/ },
  'Go 1.17.13 stripped': { library: 'Go crypto/tls', version: /^go1\.17\.13$/ },
  'C BoringSSL dynamic': { library: 'BoringSSL', version: /^$/ },
}

for (const program of ALL_PROGRAMS) {
  const expected = NAMES[program.name]
  if (expected === undefined) continue
  test.serial(`check --pid tells what ${program.name} has`, async (t) => {
    const server = await ProgramServer.start(program, authority.server)
    t.teardown(() => server.stop())
    const { code, stdout } = await accesslog(['check', '--pid', String(server.pids[0]), '--json'])
    t.is(code, 0)
    const { processes } = JSON.parse(stdout) as Inspection
    const [found] = processes[0]?.libraries ?? []
    t.like(found, { library: expected.library, status: 'attached', reason: '' })
    t.regex(found?.version ?? '-', expected.version)
    t.true((found?.probes ?? 0) >= 4)
  })
}

test.serial('check --pid says so when a process has none', async (t) => {
  const sleep = new Owned('sleep', ['30'])
  t.teardown(() => sleep.stop('SIGKILL'))
  const { code, stdout } = await accesslog(['check', '--pid', String(sleep.pid)])
  t.is(code, 0)
  t.regex(stdout, new RegExp(`^${sleep.pid} +sleep .* no TLS library that is known was found$`, 'm'))
})

test.serial('doctor lists processes with a library, and the protocols it sees', async (t) => {
  const program = ALL_PROGRAMS.find(({ name }) => name === 'C OpenSSL static, with symbols')!
  const server = await ProgramServer.start(program, authority.server)
  t.teardown(() => server.stop())
  const asking = new Owned('bash', [
    '-c',
    `while sleep 0.1; do curl -s -o /dev/null --cacert ${authority.file} https://localhost:${server.port}/a; done`,
  ])
  t.teardown(() => asking.stop('SIGKILL'))
  const { code, stdout, stderr } = await accesslog([
    'check',
    '--pid',
    String(server.pids[0]),
    '--duration',
    '2s',
  ])
  t.is(code, 0, stderr)
  t.regex(stdout, new RegExp(`^${server.pids[0]} .*OpenSSL .*probed \\(\\d+\\) .*HTTP/1.1 over TLS`, 'm'))
  const all = await accesslog(['doctor'])
  t.regex(all.stdout, new RegExp(`^${server.pids[0]} .*can be probed \\(\\d+\\)`, 'm'))
})

test.serial('what cannot be looked into is told with its reason', async (t) => {
  const found = (await run('sh', ['-c', 'ls /usr/lib/*/libgnutls.so.30'])).stdout.trim()
  const script = `import ctypes, sys; ctypes.CDLL("${found}"); print("loaded", flush=True); sys.stdin.read()`
  const holder = new Owned('python3', ['-c', script])
  t.teardown(() => holder.stop('SIGKILL'))
  await holder.line(/^loaded$/)
  const { stdout } = await accesslog(['check', '--pid', String(holder.pid)])
  t.regex(stdout, /GnuTLS +- +not +- +not supported: .*libgnutls/)
})

test.serial('two agents look into one program', async (t) => {
  const program = ALL_PROGRAMS.find(({ name }) => name === 'Go PIE, stripped')!
  const server = await ProgramServer.start(program, authority.server)
  t.teardown(() => server.stop())
  await observe(t, server.pids, async () => {
    const { stdout } = await accesslog(['check', '--pid', String(server.pids[0]), '--json'])
    const { processes } = JSON.parse(stdout) as Inspection
    t.like(processes[0]?.libraries[0], { library: 'Go crypto/tls', status: 'attached', reason: '' })
  })
})
