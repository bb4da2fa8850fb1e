/** One connection on its way to logs: its names, its analyzer, and what waits for the next flush. */
import type { ConnectionFacts, Role } from '../connections/connection.ts'
import type { LocalEnd } from '../connections/endpoints.ts'
import type { Operation } from '../connections/reader.ts'
import { type Analyzer, type Exchange, REQUEST, RESPONSE, type StreamName } from '../protocols/analyzer.ts'
import type { ProbeRule } from '../workloads/kubernetes/probes.ts'
import type { Staged } from './encode.ts'
import type { ConnectionView, KernelLog, KernelLogKind, LogEntry, Protocol, Workload } from './model.ts'

/** Kernel logs that may wait for one exchange; more calls are summed into the last of their kind. */
const KERNEL_LOGS_MAX = 32

/** What a shard has to know to tell probes from requests. */
export interface ProbesOfPod {
  rules: readonly ProbeRule[]
  nodeAddresses: ReadonlySet<string>
}

export class Conversation implements LocalEnd {
  readonly facts: ConnectionFacts
  role: Role
  closed = false
  peer: Conversation | undefined = undefined
  analyzer: Analyzer | undefined = undefined
  /** Of the exchanges that were seen. */
  protocol: Protocol = 'TCP'
  /** Its bytes are TLS records; what is analysed is their plaintext. */
  tls = false
  /** The first exchange, when its request was not seen. */
  orphan: Exchange | undefined = undefined
  /** No analyzer reads it: the kernel was asked to stop copying. */
  muted = false
  /** `undefined`: not known yet; `null`: nobody knows. */
  workload: Workload | null | undefined = undefined
  /** Whose the other end is, where no end of this machine is met: `undefined`: still asked for; `null`: nobody knows. */
  remote: Workload | null | undefined = null
  /** Probes of the pod that are not logged. */
  probes: ProbesOfPod | undefined = undefined
  /** All exchanges so far were probes. */
  probed = false
  /** The rule that keeps its logs from going out, if one does. */
  filteredBy: string | undefined = undefined
  /** Entries that wait for the names of its ends. */
  entries: LogEntry[] = []
  /** Entries that are encoded and wait for the flush. */
  readonly staged: Staged = []
  /** Operations that wait for an exchange or a flush. */
  kernelLogs: KernelLog[] = []
  /** View of the last flush, and its encoded form. */
  view: ConnectionView | undefined = undefined
  encoded: Uint8Array | undefined = undefined
  /** In the list of the next flush. */
  dirty = false

  constructor(facts: ConnectionFacts, role: Role) {
    this.facts = facts
    this.role = role
  }

  /** An exchange was seen. */
  get speaksHttp(): boolean {
    return this.protocol !== 'TCP'
  }

  addOperation(operation: Operation): void {
    const kind = operation.direction === 0 ? 'read' : 'write'
    const last = this.#mergeable(kind)
    if (last === undefined) {
      const { startNs, endNs, syscall, bytes, count } = operation
      this.kernelLogs.push({ kind, startNs, endNs, success: true, syscall, bytes, count })
      return
    }
    last.startNs = Math.min(last.startNs, operation.startNs)
    last.endNs = Math.max(last.endNs, operation.endNs)
    last.bytes += operation.bytes
    last.count += operation.count
    if (last.syscall !== operation.syscall) last.syscall = 0
  }

  addLifeEvent(kind: KernelLogKind, startNs: number, endNs: number, success: boolean): void {
    this.kernelLogs.push({ kind, startNs, endNs, success, syscall: 0, bytes: 0, count: 1 })
  }

  /** @returns the exchange with the operations that carried it, the caller's from now on */
  finish(exchange: Exchange): LogEntry {
    if (!this.speaksHttp && exchange.method === '') this.orphan = exchange
    this.protocol = exchange.version === 'HTTP/2' ? 'HTTP/2' : 'HTTP/1'
    const { kernelLogs } = this
    this.kernelLogs = []
    return { kernelLogs, exchange }
  }

  /** Operations that belong to no exchange become an entry of their own, unless an exchange is under way. */
  settle(force: boolean): void {
    if (this.kernelLogs.length === 0) return
    if (!force && !this.closed && this.analyzer !== undefined && this.analyzer.pending > 0) return
    this.entries.push({ kernelLogs: this.kernelLogs, exchange: undefined })
    this.kernelLogs = []
  }

  /** Where nothing is analysed one log per direction and flush tells enough; elsewhere only an excess is summed. */
  #mergeable(kind: KernelLogKind): KernelLog | undefined {
    const logs = this.kernelLogs
    if (this.analyzer !== undefined && logs.length < KERNEL_LOGS_MAX) return undefined
    for (let i = logs.length - 1; i >= 0; i--) if (logs[i]!.kind === kind) return logs[i]
    return undefined
  }
}

/** What a direction, 0 ingress or 1 egress, carries. */
export function streamOf({ role }: Conversation, direction: number): StreamName {
  return (direction === 0) === (role === 'server') ? REQUEST : RESPONSE
}

/** Who reads requests is the server. */
export function roleOf(direction: number, stream: StreamName): Role {
  return (direction === 0) === (stream === REQUEST) ? 'server' : 'client'
}
