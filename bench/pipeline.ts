/**
 * npm run bench -- pipeline [--rounds 7] [--seconds 2]: what each stage of the agent costs per HTTP log, on recorded
 * traffic of a real nginx, without the kernel and without other threads. One core, stage after stage.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { parseArgs } from 'node:util'
import { encodeNode } from '../agent/flush/node.ts'
import { Sender } from '../agent/flush/sender.ts'
import { SENDER_DEFAULTS } from '../agent/flush/settings.ts'
import type { Batch } from '../agent/logs/encode.ts'
import { describeMachine } from './capture/machine.ts'
import { type Spread, spread } from './capture/statistics.ts'
import { type RecordedProtocol, type Recording, record } from './pipeline/recording.ts'
import { analyze, countExchanges, read, split, wireChunks } from './pipeline/stages.ts'

const RESULT = join(import.meta.dirname, 'results/pipeline.json')
const RECEIVER = join(import.meta.dirname, '../test/receiver/main.ts')
const DELIVERY_DEADLINE_MS = 30_000

const { values } = parseArgs({
  options: { rounds: { type: 'string', default: '7' }, seconds: { type: 'string', default: '2' } },
})

/** µs per HTTP log. Stages that contain the ones before are given by difference. */
interface RoundUs {
  'split frames': number
  'read records': number
  analyze: number
  'encode protobuf': number
  'send coalesced': number
}

async function measureRound(recording: Recording, chunks: Buffer[], logs: number, address: string) {
  const splitUs = time(() => split(chunks)) / logs
  const readUs = time(() => read(recording)) / logs
  const analyzeUs = time(() => analyze(recording, false, 'none')) / logs
  let batches: Batch[] = []
  const encodeUs = time(() => (batches = analyze(recording, true, 'none'))) / logs
  const sendUs = (await timeSending(batches, address)) / logs
  return {
    'split frames': splitUs,
    'read records': readUs,
    analyze: analyzeUs - readUs,
    'encode protobuf': encodeUs - analyzeUs,
    'send coalesced': sendUs,
  } satisfies RoundUs
}

function time(work: () => void): number {
  const before = performance.now()
  work()
  return (performance.now() - before) * 1e3
}

/** CPU of this process until the receiver has confirmed everything. */
async function timeSending(batches: readonly Batch[], address: string): Promise<number> {
  const sender = await startSender(address)
  const before = process.cpuUsage()
  for (const batch of batches) sender.push(batch)
  await sender.stop(DELIVERY_DEADLINE_MS)
  const { user, system } = process.cpuUsage(before)
  const { accepted, delivered } = sender.counters
  if (delivered.httpLogs !== accepted.httpLogs) throw new Error('not everything was delivered')
  return user + system
}

function startSender(address: string): Promise<Sender> {
  const node = encodeNode({
    name: 'bench',
    netInterfaces: [],
    bootTimeNs: 1_700_000_000n * 1_000_000_000n,
    clusterName: '',
    excludeNamespaces: [],
  })
  const settings = {
    ...SENDER_DEFAULTS,
    queueMaxBytes: 1024 ** 3,
    node,
    address,
    enableTls: false,
    insecureSkipVerify: false,
    authentication: '',
  }
  return Sender.start(settings, { random: Math.random, onStatus: () => {} })
}

async function startReceiver(): Promise<{ process: ChildProcess; address: string }> {
  const child = spawn(process.execPath, [RECEIVER, '--port', '0', '--output', 'none'], {
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  for await (const line of createInterface({ input: child.stderr! })) {
    const [, port] = line.match(/port (\d+)/) ?? []
    if (port !== undefined) return { process: child, address: `127.0.0.1:${port}` }
  }
  throw new Error('the receiver did not start')
}

type Table = Record<keyof RoundUs | 'total', Spread>

function tabulate(rounds: readonly RoundUs[]): Table {
  const names = Object.keys(rounds[0] ?? {}) as (keyof RoundUs)[]
  const columns = names.map((name) => [name, spread(rounds.map((round) => round[name]))] as const)
  const totals = rounds.map((round) => names.reduce((sum, name) => sum + round[name], 0))
  return { ...(Object.fromEntries(columns) as Record<keyof RoundUs, Spread>), total: spread(totals) }
}

function report(protocol: RecordedProtocol, logs: number, table: Table): void {
  process.stdout.write(`${protocol}: µs per HTTP log, ${logs} logs, one core  min   median      max\n`)
  for (const [name, { min, median, max }] of Object.entries(table)) {
    const cells = [min, median, max].map((value) => value.toFixed(2).padStart(8))
    process.stdout.write(`  ${name.padEnd(42)} ${cells.join(' ')}\n`)
  }
  process.stdout.write(`  logs per second and core: ${Math.round(1e6 / table.total.median)}\n`)
}

async function measure(protocol: RecordedProtocol, address: string) {
  const recording = await record(protocol, Number(values.seconds))
  const chunks = wireChunks(recording)
  const logs = countExchanges(recording)
  const rounds: RoundUs[] = []
  for (let round = 0; round <= Number(values.rounds); round++) {
    const measured = await measureRound(recording, chunks, logs, address)
    if (round > 0) rounds.push(measured) // the first one warms up
  }
  const usPerLog = tabulate(rounds)
  report(protocol, logs, usPerLog)
  return { records: recording.records, recordBytes: recording.bytes, logs, usPerLog, rounds }
}

const receiver = await startReceiver()
try {
  const http1 = await measure('HTTP/1', receiver.address)
  const http2 = await measure('HTTP/2', receiver.address)
  const ratio = http2.usPerLog.analyze.median / http1.usPerLog.analyze.median
  process.stdout.write(`analyzing HTTP/2 costs ${ratio.toFixed(2)} times what HTTP/1 does\n`)
  const result = { machine: describeMachine(), ...http1, http2 }
  writeFileSync(RESULT, `${JSON.stringify(result, null, 2)}\n`)
  process.stdout.write(`written to ${RESULT}\n`)
} finally {
  receiver.process.kill('SIGTERM')
  await once(receiver.process, 'exit')
}
