/** The real helper, where it is built and this machine lets it capture: see `accesslog-helper --check`. */
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, rmdirSync, statSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import test, { type ExecutionContext } from 'ava'
import { EVENT_LAYOUT_VERSION, RECORD_OPEN } from '../../../agent/connections/gen/event.ts'
import { processEvents } from '../../../agent/connections/process.ts'
import { AccessLogError } from '../../../agent/errors.ts'
import { KERNEL_COUNTERS, type Batch, type Counters, type Processes } from '../../../agent/helper/gen/wire.ts'
import { helperPath } from '../../../agent/helper/path.ts'
import { HelperProcess } from '../../../agent/helper/process.ts'
import type { ProcessEvent } from '../../../agent/workloads/workload.ts'
import { UNIFIED } from '../../e2e/kubernetes/containers.ts'
import { isRunning, NO_TARGETS, Notebook, SETTINGS, until } from './fakes.ts'

const command = helperPath(process.env)
const canCapture = existsSync(command) && spawnSync(command, ['--check']).status === 0
const captured = canCapture ? test.serial : test.serial.skip

class Records extends Notebook {
  readonly payloads: Buffer[] = []
  readonly events: ProcessEvent[] = []

  override batch({ payload }: Batch): void {
    this.payloads.push(Buffer.from(payload))
  }

  override processes({ payload }: Processes): void {
    this.events.push(...processEvents(payload))
  }

  /** True when a record anywhere holds these bytes. */
  has(text: string): boolean {
    return this.payloads.some((payload) => payload.includes(text))
  }
}

async function capture(t: ExecutionContext, watchUnlisted: boolean, watch: number[] = []) {
  const records = new Records()
  const helper = await HelperProcess.start({ command, eventLayoutVersion: EVENT_LAYOUT_VERSION }, records)
  t.teardown(() => helper.fail(new AccessLogError('INTERNAL', 'the test is over')))
  const ignorePids = watchUnlisted ? [process.pid] : []
  const ready = await helper.configure({ ...SETTINGS, watchUnlisted, ignorePids }, { ...NO_TARGETS, watch })
  return { helper, records, ready }
}

function kernelCounter({ kernel }: Counters, name: (typeof KERNEL_COUNTERS)[number][0]): number {
  return kernel[KERNEL_COUNTERS.findIndex(([counter]) => counter === name)] ?? NaN
}

captured('it gets ready, counts and stops in order', async (t) => {
  const { helper, ready } = await capture(t, true)
  t.true(ready.ringCount >= 2)
  t.true(ready.ringBytes >= SETTINGS.perCpuBufferBytes)
  t.is((await helper.stats()).kernel.length, KERNEL_COUNTERS.length)
  const { error, counters } = await helper.shutdown()
  t.is(error, undefined)
  t.is(counters?.kernel.length, KERNEL_COUNTERS.length)
  t.false(isRunning(helper.hello.pid))
})

captured('traffic of a watched process arrives', async (t) => {
  const { helper, records } = await capture(t, false, [process.pid])
  const server = createServer((socket) => socket.pipe(socket)).listen(18_050, '127.0.0.1')
  t.teardown(() => server.close())
  await once(server, 'listening')
  const client = connect(18_050, '127.0.0.1')
  client.end('GET /from-the-test HTTP/1.1\r\nHost: a\r\n\r\n')
  client.resume()
  await once(client, 'close')
  await until('the request', () => records.has('GET /from-the-test'))
  const { error, counters } = await helper.shutdown()
  t.is(error, undefined)
  t.truthy(counters)
  if (counters === undefined) return
  t.is(kernelCounter(counters, 'operations_connect'), 1)
  t.is(kernelCounter(counters, 'operations_accept'), 1)
  t.true(records.payloads.some((payload) => payload.readUInt32LE(RECORD_OPEN.tgid) === process.pid))
})

captured('exec and exit of a child of a watched process arrive', async (t) => {
  const { helper, records } = await capture(t, false, [process.pid])
  const child = spawn('/bin/true')
  await once(child, 'exit')
  const of = (kind: string) => records.events.find((event) => event.kind === kind && event.pid === child.pid)
  await until('the exit', () => of('exit') !== undefined)
  t.like(of('fork'), { parent: process.pid })
  t.like(of('exec'), { comm: 'true' })
  t.is((await helper.shutdown()).error, undefined)
})

captured('a process that was ignored is heard of again when it executes a program', async (t) => {
  const { helper, records } = await capture(t, true)
  const child = spawn('/bin/true')
  await once(child, 'exit')
  await until('the exec', () => records.events.some(({ kind, pid }) => kind === 'exec' && pid === child.pid))
  t.is((await helper.shutdown()).error, undefined)
})

/** A shell that asks before and after it becomes another program in a cgroup, and has its child ask as well. */
const ASKER = String.raw`export port=$1 word=$2
ask() { exec 3<>/dev/tcp/127.0.0.1/$port; printf 'GET /%s HTTP/1.1\r\nHost: a\r\n\r\n' "$word-$1" >&3; read -r answer <&3; }
export -f ask
ask before
echo $$ >"$3/cgroup.procs"
exec bash -c 'ask after; (ask child)'`

captured(
  'in an ignored cgroup, or below it, no byte of a new program is seen, of others the first is',
  async (t) => {
    const { helper, records } = await capture(t, true)
    const server = createServer((socket) => socket.on('error', () => {}).pipe(socket)).listen(
      18_051,
      '127.0.0.1',
    )
    t.teardown(() => server.close())
    await once(server, 'listening')
    const pods = ['helper-test-ignored', 'helper-test-other'].map((name) => join(UNIFIED, name))
    const folders = pods.map((pod) => join(pod, 'container/nested'))
    for (const folder of folders) mkdirSync(folder, { recursive: true })
    t.teardown(() => {
      for (const pod of pods)
        for (const part of ['container/nested', 'container', '']) rmdirSync(join(pod, part))
    })
    const [ignored = '', other = ''] = pods
    const cgroups = (lists: object) =>
      helper.setTargets({ ...NO_TARGETS, cgroups: { ignore: [], forget: [], ...lists } })
    const askers: Record<string, number | undefined> = {}
    const ask = (word: string, folder = '') => {
      const child = spawn('bash', ['-c', ASKER, 'bash', '18051', word, folder])
      askers[word] = child.pid
      return once(child, 'exit').then(([code]) => t.is(code, 0, word))
    }
    cgroups({ ignore: [statSync(ignored).ino] })
    await helper.stats()
    await ask('secret', folders[0])
    await ask('public', folders[1])
    cgroups({ forget: [statSync(ignored).ino], ignore: [statSync(other).ino] })
    await helper.stats()
    await ask('freed', folders[0])
    await ask('hidden', folders[1])
    await until('the last request', () => records.has('freed-child'))
    t.is((await helper.shutdown()).error, undefined)
    for (const word of ['secret-before', 'public-after', 'public-child', 'freed-after', 'hidden-before'])
      t.true(records.has(word), word)
    for (const word of ['secret-after', 'secret-child', 'hidden-after', 'hidden-child'])
      t.false(records.has(word), word)
    const own = records.events.filter(({ pid }) => Object.values(askers).includes(pid))
    const ignoredPids = own.filter((event) => event.ignored).map(({ pid }) => pid)
    t.deepEqual(ignoredPids, [askers['secret'], askers['hidden']])
  },
)

captured('it ends when the agent is killed', async (t) => {
  const script = fileURLToPath(new URL('fixtures/agent.ts', import.meta.url))
  const agent = spawn(process.execPath, [script, command], { stdio: ['ignore', 'pipe', 'inherit'] })
  t.teardown(() => agent.kill('SIGKILL'))
  const [line] = (await once(agent.stdout, 'data')) as [Buffer]
  const pid = Number(line.toString())
  t.true(isRunning(pid))
  agent.kill('SIGKILL')
  await until('the end of the helper', () => !isRunning(pid))
})
