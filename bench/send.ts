/**
 * From logs to the backend's socket: what encoding costs, and what sending costs with and without coalescing.
 *   node bench/send.ts [--messages 200000] [--rounds 3] [--json]
 * Receiver: test/receiver in a process of its own, --output none. Ways take turns, the best round of each counts.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { cpus } from 'node:os'
import { readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { encodeNode } from '../agent/flush/node.ts'
import { Sender } from '../agent/flush/sender.ts'
import { SENDER_DEFAULTS } from '../agent/flush/settings.ts'
import { type Batch, FrameWriter, encodeConnection } from '../agent/logs/encode.ts'
import type { ConnectionView, KernelLog, LogEntry } from '../agent/logs/model.ts'

const RECEIVER = fileURLToPath(new URL('../test/receiver/main.ts', import.meta.url))
const LOGS_PER_ENTRY = 3
const BATCH_ENTRIES = 700
const CLOCK_TICK_US = 10_000

const view: ConnectionView = {
  role: 'server',
  tls: false,
  protocol: 'HTTP/1',
  local: {
    address: '10.0.0.1',
    port: 8080,
    workload: {
      service: 'shop::cart.default',
      pod: 'cart-6fd5b7c9-x2x9p',
      container: 'cart',
      process: 'nginx',
      pid: 7,
    },
  },
  remote: { address: '10.0.0.2', port: 40_000, workload: undefined },
}

/** A request of a keep-alive connection after a day of uptime: one read, one write, the exchange. */
const uptimeNs = 86_400e9
const call: KernelLog = {
  kind: 'read',
  startNs: uptimeNs,
  endNs: uptimeNs + 2e3,
  success: true,
  syscall: 3,
  bytes: 90,
  count: 1,
}
const entry: LogEntry = {
  kernelLogs: [call, { ...call, kind: 'write', syscall: 7 }],
  exchange: {
    startNs: uptimeNs,
    endNs: uptimeNs + 17_777,
    method: 'GET',
    path: '/api/v1/orders/1234',
    host: 'cart.default.svc:8080',
    version: 'HTTP/1.1',
    requestHeaderBytes: 310,
    requestBodyBytes: 0,
    status: 200,
    grpcStatus: undefined,
    responseHeaderBytes: 120,
    responseBodyBytes: 612,
    trace: undefined,
    incomplete: [],
  },
}

interface Result {
  way: string
  messages: number
  bytesPerMessage: number
  /** CPU time of this process, all threads. */
  cpuUsPerMessage: number
  wallUsPerMessage: number
  receiverCpuUsPerLog?: number
}

function encode(messages: number): Result {
  const connection = encodeConnection(view)
  const writer = new FrameWriter()
  let bytes = 0
  const cost = measure(() => {
    for (let i = 0; i < messages; i++) {
      writer.write(connection, entry)
      if (i % BATCH_ENTRIES === 0) bytes += writer.take()!.frames.byteLength
    }
  })
  return { way: 'encode', messages, bytesPerMessage: bytes / messages, ...perMessage(cost, messages) }
}

async function send(way: string, messages: number, coalesce: boolean): Promise<Result> {
  const receiver = await startReceiver()
  const node = encodeNode({
    name: 'bench',
    netInterfaces: [],
    bootTimeNs: 10n ** 18n,
    clusterName: '',
    excludeNamespaces: [],
  })
  const backend = {
    address: `127.0.0.1:${receiver.port}`,
    enableTls: false,
    insecureSkipVerify: false,
    authentication: '',
  }
  const sender = await Sender.start(
    { ...SENDER_DEFAULTS, ...backend, node, queueMaxBytes: 2 ** 31, queueMaxLogs: 2 ** 31 },
    { random: Math.random, onStatus: () => {} },
    coalesce,
  )
  const batches = batchesOf(messages)
  const cpuBefore = process.cpuUsage()
  const wallBefore = performance.now()
  for (const batch of batches) sender.push(batch)
  await sender.stop(120_000)
  const wallUs = (performance.now() - wallBefore) * 1000
  const cpu = process.cpuUsage(cpuBefore)
  const { delivered } = sender.counters
  if (delivered.httpLogs !== messages)
    throw new Error(`${way}: ${delivered.httpLogs} of ${messages} delivered`)
  const receiverCpuUs = cpuUsOf(receiver.process.pid!)
  await stopReceiver(receiver.process)
  const bytes = batches.reduce((sum, { frames }) => sum + frames.byteLength, 0)
  return {
    way,
    messages,
    bytesPerMessage: bytes / messages,
    ...perMessage({ cpuUs: cpu.user + cpu.system, wallUs }, messages),
    receiverCpuUsPerLog: (receiverCpuUs - receiver.cpuUsAtStart) / messages / LOGS_PER_ENTRY,
  }
}

function batchesOf(messages: number): Batch[] {
  const connection = encodeConnection(view)
  const writer = new FrameWriter()
  const batches: Batch[] = []
  for (let i = 1; i <= messages; i++) {
    writer.write(connection, entry)
    if (i % BATCH_ENTRIES === 0 || i === messages) batches.push(writer.take()!)
  }
  return batches
}

interface Cost {
  cpuUs: number
  wallUs: number
}

function measure(work: () => void): Cost {
  const cpuBefore = process.cpuUsage()
  const wallBefore = performance.now()
  work()
  const wallUs = (performance.now() - wallBefore) * 1000
  const cpu = process.cpuUsage(cpuBefore)
  return { cpuUs: cpu.user + cpu.system, wallUs }
}

const perMessage = ({ cpuUs, wallUs }: Cost, messages: number) => ({
  cpuUsPerMessage: cpuUs / messages,
  wallUsPerMessage: wallUs / messages,
})

async function startReceiver(): Promise<{ process: ChildProcess; port: number; cpuUsAtStart: number }> {
  const child = spawn(process.execPath, [RECEIVER, '--port', '0', '--output', 'none'], {
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  const [line] = (await once(createInterface({ input: child.stderr }), 'line')) as [string]
  const port = Number(/port (\d+)/.exec(line)?.[1])
  if (!port) throw new Error(`the receiver says: ${line}`)
  return { process: child, port, cpuUsAtStart: cpuUsOf(child.pid!) }
}

async function stopReceiver(child: ChildProcess): Promise<void> {
  child.kill('SIGTERM')
  await once(child, 'exit')
}

/** User and system time of a process, from /proc/PID/stat. */
function cpuUsOf(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ')[1]!.split(' ')
  return (Number(fields[11]) + Number(fields[12])) * CLOCK_TICK_US
}

/** The cheapest round of each way: what else the machine does only adds. */
function best(results: Result[]): Result[] {
  const ways = new Map<string, Result>()
  for (const result of results) {
    const known = ways.get(result.way)
    if (!known || result.cpuUsPerMessage < known.cpuUsPerMessage) ways.set(result.way, result)
  }
  return [...ways.values()]
}

const rounded = (result: Result): Record<string, unknown> =>
  Object.fromEntries(
    Object.entries(result).map(([key, value]) => [
      key,
      typeof value === 'number' ? Math.round(value * 100) / 100 : value,
    ]),
  )

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: { messages: { type: 'string' }, rounds: { type: 'string' }, json: { type: 'boolean' } },
  })
  const messages = Number(values.messages ?? 200_000)
  const results: Result[] = []
  for (let round = 0; round < Number(values.rounds ?? 3); round++) {
    results.push(encode(messages))
    results.push(await send('coalesced', messages, true))
    results.push(await send('one write per message', messages / 4, false))
  }
  const machine = { cpu: cpus()[0]?.model, cpus: cpus().length, node: process.version }
  if (values.json)
    console.log(JSON.stringify({ bench: 'send', machine, results: best(results).map(rounded) }))
  else console.table(best(results).map(rounded))
}

await main()
