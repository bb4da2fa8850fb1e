/**
 * Probed programs move the same bytes as others: the worst that a probe could do is to change one.
 * ACCESSLOG_INTEGRITY_MIB=1024 moves a gigabyte through each; by default it is 64 MiB.
 */
import { createHash } from 'node:crypto'
import test, { type ExecutionContext } from 'ava'
import { run } from '../harness/owned.ts'
import { serverLogs } from '../harness/rows.ts'
import { observe } from '../harness/scenario.ts'
import { served } from '../harness/server.ts'
import { type TestAuthority, testAuthority } from './authority.ts'
import { buildC, buildGo } from './builds.ts'
import { ALL_PROGRAMS, ProgramServer } from './program.ts'

const PART_BYTES = 16 * 1024 * 1024
const PARTS = Math.max(1, Number(process.env['ACCESSLOG_INTEGRITY_MIB'] ?? 64) / 16)

/** What the bodies of each server are filled with. */
const FILLS: Record<string, string> = {
  'Node 24': 'n',
  'Python ssl': 'p',
  'Python asyncio': 'a',
  'Go stripped': 'g',
  'C OpenSSL dynamic': '\0',
  'C BoringSSL dynamic': '\0',
}

let authority: TestAuthority

test.before(async (t) => {
  t.timeout(300_000)
  authority = await testAuthority()
  await Promise.all([buildC(), buildGo()])
})

test.after.always(async () => {
  await authority?.remove()
})

function sumOf(fill: string): string {
  const part = Buffer.alloc(PART_BYTES, fill)
  const hash = createHash('sha256')
  for (let i = 0; i < PARTS; i++) hash.update(part)
  return hash.digest('hex')
}

/** One connection, so many answers, all bytes through one hash. */
async function fetchSum(t: ExecutionContext, port: number): Promise<string> {
  const url = `https://localhost:${port}/bytes/${PART_BYTES}?[1-${PARTS}]`
  const script = 'curl -sS --cacert "$1" "$2" | sha256sum'
  const { stdout, stderr } = await run('bash', ['-o', 'pipefail', '-c', script, 'sum', authority.file, url])
  t.is(stderr, '')
  return stdout.split(' ')[0] ?? ''
}

for (const program of ALL_PROGRAMS) {
  const fill = FILLS[program.name]
  if (fill === undefined) continue
  test.serial(`${program.name}: what is probed arrives as it was sent`, async (t) => {
    t.timeout(300_000)
    const server = await ProgramServer.start(program, authority.server)
    t.teardown(() => server.stop())
    const expected = sumOf(fill)
    const { logs } = await observe(t, server.pids, async () => {
      t.is(await fetchSum(t, server.port), expected, 'probed')
      await served(server, PARTS)
    })
    t.is(await fetchSum(t, server.port), expected, 'not probed any more')
    const bodies = serverLogs(logs, server.port).map(({ response }) => response.bodyBytes)
    t.deepEqual(
      bodies,
      Array.from({ length: PARTS }, () => PART_BYTES),
    )
  })
}
