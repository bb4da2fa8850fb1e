/** A sender, batches to tell apart, and the sum that must always hold. */
import type { ExecutionContext } from 'ava'
import type { Batch, LogCounts } from '../../../agent/flush/batch.ts'
import { encodeNode } from '../../../agent/flush/node.ts'
import type { Problem } from '../../../agent/flush/problem.ts'
import { Sender } from '../../../agent/flush/sender.ts'
import { SENDER_DEFAULTS, type SenderSettings } from '../../../agent/flush/settings.ts'
import type { SenderStatus } from '../../../agent/flush/status.ts'
import type { SenderCounters } from '../../../agent/flush/tally.ts'
import { FrameWriter, encodeConnection } from '../../../agent/logs/encode.ts'
import type { ConnectionView, KernelLog } from '../../../agent/logs/model.ts'
import { until } from '../../e2e/harness/until.ts'
import type { ReceivedLog } from '../../receiver/logs.ts'
import { Receiver, type ReceiverOptions } from '../../receiver/receiver.ts'

const view: ConnectionView = {
  role: 'server',
  tls: false,
  protocol: 'HTTP/1',
  local: {
    address: '10.0.0.1',
    port: 80,
    workload: { service: 'shop', pod: 'shop-1', container: '', process: 'nginx', pid: 7 },
  },
  remote: { address: '10.0.0.2', port: 40_000, workload: undefined },
}
const connection = encodeConnection(view)

/** Zero of the times of `batchOf`: 2026-01-31T00:00:00Z. */
export const bootTimeNs = 1_769_817_600_000_000_000n

export const node = encodeNode({
  name: 'test',
  netInterfaces: [{ index: 1, mtu: 65_536, name: 'lo' }],
  bootTimeNs,
  clusterName: '',
  excludeNamespaces: [],
})

/** One exchange for each path, and with each a read of two operations: 2 logs and 2 operations a path. */
export function batchOf(...paths: string[]): Batch {
  const writer = new FrameWriter()
  for (const path of paths)
    writer.write(connection, { kernelLogs: [reading], exchange: { ...exchange, path } })
  return writer.take()!
}

const reading: KernelLog = {
  kind: 'read',
  startNs: 900,
  endNs: 1_000,
  success: true,
  syscall: 1,
  bytes: 9,
  count: 2,
}
const exchange = {
  startNs: 1_000,
  endNs: 1_500_000,
  method: 'GET',
  path: '/',
  host: 'shop',
  version: 'HTTP/1.1',
  requestHeaderBytes: 100,
  requestBodyBytes: 0,
  status: 200,
  grpcStatus: undefined,
  responseHeaderBytes: 120,
  responseBodyBytes: 5,
  trace: undefined,
  incomplete: [],
}

/** Patient: these tests share the machine with others. @throws naming `what` */
export const eventually = <T>(what: string, probe: () => T | undefined | false): Promise<T> =>
  until(what, probe, 30_000)

/** `/0`, `/1`, … */
export const pathsTo = (count: number): string[] => Array.from({ length: count }, (_, i) => `/${i}`)

/** A receiver that is stopped with the test, and the paths of its HTTP logs so far. */
export async function startReceiver(
  t: ExecutionContext,
  options: ReceiverOptions = {},
): Promise<{ receiver: Receiver; paths: string[]; logs: ReceivedLog[]; streamOf: Map<string, number> }> {
  const paths: string[] = []
  const logs: ReceivedLog[] = []
  const streamOf = new Map<string, number>()
  const onLog = (log: ReceivedLog, stream: number): void => {
    logs.push(log)
    if (!log.request) return
    paths.push(log.request.path)
    streamOf.set(log.request.path, stream)
  }
  const receiver = await Receiver.start({ onLog, ...options })
  t.teardown(() => receiver.stop())
  return { receiver, paths, logs, streamOf }
}

/** An address where nothing listens; the port was free a moment ago. */
export async function vacantAddress(): Promise<string> {
  const receiver = await Receiver.start()
  receiver.stop()
  return receiver.address
}

/** Impatient, so that tests are quick: what is pushed is asked for at once, and retries come soon. */
const QUICK = { ...SENDER_DEFAULTS, periodMs: 5, backoff: { initialMs: 10, maxMs: 40 } }

export interface Started {
  sender: Sender
  /** Every status told, in order. */
  statuses: SenderStatus[]
  /** Codes of the problems told, in order. */
  codes: () => (Problem['code'] | undefined)[]
}

/** A sender that is stopped with the test. */
export async function startSender(
  t: ExecutionContext,
  address: string,
  settings: Partial<SenderSettings> = {},
  coalesce = true,
): Promise<Started> {
  const statuses: SenderStatus[] = []
  const plain = { address, enableTls: false, insecureSkipVerify: false, authentication: '' }
  const sender = await Sender.start(
    { ...QUICK, ...plain, node, ...settings },
    { random: () => 0, onStatus: (status) => statuses.push(status) },
    coalesce,
  )
  t.teardown(() => sender.stop(0))
  return { sender, statuses, codes: () => statuses.map(({ problem }) => problem?.code) }
}

/** accepted = delivered + dropped + queued + unconfirmed, for each kind of count. */
export function conserved(t: ExecutionContext, counters: SenderCounters): void {
  const { accepted, delivered, dropped, queued, unconfirmed } = counters
  const parts = [delivered, dropped.queue_full, dropped.shutdown_deadline, queued, unconfirmed]
  for (const kind of ['httpLogs', 'kernelLogs', 'operations'] as const) {
    t.is(
      parts.reduce((sum, part) => sum + part[kind], 0),
      accepted[kind],
      `${kind}: ${JSON.stringify(counters)}`,
    )
  }
}

/** What `paths` of `batchOf` count as. */
export const logsOf = (paths: number): LogCounts => ({
  httpLogs: paths,
  kernelLogs: paths,
  operations: 2 * paths,
})
