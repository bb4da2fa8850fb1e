/** A shard with a text output, driven by sockets, whose lines are read back as logs in words. */
import type { ExecutionContext } from 'ava'
import { ShardOutputs } from '../../../agent/logs/outputs.ts'
import type { Identity } from '../../../agent/logs/names.ts'
import type { Turn, WantedLogs } from '../../../agent/logs/rules.ts'
import { Shard } from '../../../agent/logs/shard.ts'
import { WallClock } from '../../../agent/logs/time.ts'
import type { Workload, WorkloadHint } from '../../../agent/workloads/workload.ts'
import { totalOf } from '../../../agent/report/counters.ts'
import type { Log } from '../../e2e/harness/agent.ts'
import type { Socket } from './socket.ts'

export interface ShardRunOptions {
  /** Who a process is; undefined: no answer, `identified` gives it later. By default every process is called by its pid. */
  identify?: (pid: number, hint: WorkloadHint) => Identity | undefined
  /** Whose addresses are asked for; undefined: no answer, `located` gives it later. By default nobody can be asked. */
  locate?: (address: string, port: number) => Workload | null | undefined
  patienceFlushes?: number
  endpointsMax?: number
  wanted?: WantedLogs
  turn?: Turn
}

export class ShardRun {
  readonly shard: Shard
  readonly outputs: ShardOutputs
  /** Processes that were asked for. */
  readonly asked: { pid: number; hint: WorkloadHint }[] = []
  /** Addresses that were asked for. */
  readonly located: string[] = []
  /** Connections that were muted. */
  readonly muted: { sock: bigint; connection: number }[] = []

  constructor({
    identify = known,
    locate,
    patienceFlushes = 2,
    endpointsMax = 100,
    ...rules
  }: ShardRunOptions = {}) {
    this.outputs = new ShardOutputs({ backend: false, text: 'json', clock: new WallClock(0n) })
    this.shard = new Shard({
      outputs: this.outputs,
      requests: {
        identify: (pid, hint) => {
          this.asked.push({ pid, hint })
          const identity = identify(pid, hint)
          if (identity) this.shard.identified(pid, identity)
        },
        ...(locate && {
          locate: (address, port) => {
            this.located.push(`${address}:${port}`)
            const owner = locate(address, port)
            if (owner !== undefined) this.shard.located(address, port, owner)
          },
        }),
        mute: (sock, connection) => this.muted.push({ sock, connection }),
      },
      headBytesMax: 8192,
      endpointsMax,
      patienceFlushes,
      ...rules,
    })
  }

  /** What the sockets have to tell, one batch for each. */
  read(...sockets: readonly Socket[]): this {
    for (const socket of sockets) this.shard.read(socket.take())
    return this
  }

  /** The logs of one flush. */
  logs(force = false): Log[] {
    const { text, textLogs, batches } = this.shard.flush(force)
    const logs = Buffer.from(text)
      .toString()
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line) as Log)
    if (logs.length !== textLogs || batches.length > 0)
      throw new Error(`${textLogs} logs are ${logs.length} lines`)
    return logs
  }

  /** The same in words. */
  words(force = false): string[] {
    return this.logs(force).map(inWords)
  }

  /** The law that holds at any time. */
  expectConservation(t: ExecutionContext): void {
    const { operations, operationsLogged, operationsFiltered, operationsPending } = this.shard.tally
    t.is(totalOf(operations), operationsLogged + totalOf(operationsFiltered) + operationsPending)
  }
}

export function workload(pid: number, service = `service-${pid}`): Workload {
  return { service, pod: 'host', container: '', process: `process-${pid}`, pid }
}

export const known = (pid: number): Identity => ({ workload: workload(pid), filteredBy: undefined })
export const filtered = (pid: number): Identity => ({
  workload: workload(pid),
  filteredBy: 'exclude_cluster',
})
export const unknown = (): Identity => ({ workload: null, filteredBy: undefined })

/** `server GET /a 200 18+0 40+5`, `write 3×500 writev`, `connect ok`, `accept`. */
export function inWords(log: Log): string {
  const { kind, role, request, response, incomplete } = log
  if (request && response) {
    const sizes = `${request.headerBytes}+${request.bodyBytes} ${response.headerBytes}+${response.bodyBytes}`
    const words = [role, request.method || '-', request.path || '-', response.status, sizes]
    return [...words, ...(incomplete ?? [])].join(' ')
  }
  if (kind === 'accept') return kind
  if (log.bytes === undefined) return `${kind} ${log.success ? 'ok' : 'failed'}`
  return [kind, `${log.count}×${log.bytes}`, ...(log.syscall ? [log.syscall] : [])].join(' ')
}
