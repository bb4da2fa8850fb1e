/** The logs as values: what the encoders (protobuf, JSON, table) turn into bytes. Times are CLOCK_MONOTONIC ns. */
import type { Exchange } from '../protocols/analyzer.ts'
import type { Role } from '../connections/connection.ts'
import type { Workload } from '../workloads/workload.ts'

export type { Role, Workload }

export interface Endpoint {
  /** IPv4 dotted or IPv6 text form (RFC 5952). */
  address: string
  port: number
  /** `undefined`: only the address is known. */
  workload: Workload | undefined
}

export type Protocol = 'TCP' | 'HTTP/1' | 'HTTP/2'

/** What all logs of a connection share. */
export interface ConnectionView {
  role: Role
  tls: boolean
  protocol: Protocol
  local: Endpoint
  remote: Endpoint
}

export type KernelLogKind = 'connect' | 'accept' | 'close' | 'read' | 'write'

/** One kernel operation, or `count` folded ones of a kind: then start is the first's, end the last's, bytes the sum. */
export interface KernelLog {
  kind: KernelLogKind
  startNs: number
  endNs: number
  /** connect and close only. */
  success: boolean
  /** `enum record_syscall` of bpf/event.h; read and write only, 0 when folded calls of unknown kind. */
  syscall: number
  /** read and write only. */
  bytes: number
  /** Operations this log stands for, at least 1. */
  count: number
}

/** One message to the backend: the kernel logs that carried an exchange, and the exchange; or kernel logs alone. */
export interface LogEntry {
  kernelLogs: readonly KernelLog[]
  exchange: Exchange | undefined
}
