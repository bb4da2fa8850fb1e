/** The logs as values: what the encoders (protobuf, JSON, table) turn into bytes. Times are CLOCK_MONOTONIC ns. */
import type { Exchange } from '../protocols/analyzer.ts'

/** Who an address belongs to. `undefined` members of a remote mean: only the address is known. */
export interface Workload {
  /** OAP service name, cluster prefix included: `<cluster>::<service>.<namespace>`, a systemd unit, or a process name. */
  service: string
  /** Pod, or host name outside Kubernetes. */
  pod: string
  /** Container name; empty outside Kubernetes. */
  container: string
  /** Process name (comm). */
  process: string
  /** Process id in the initial pid namespace. */
  pid: number
}

export interface Endpoint {
  /** IPv4 dotted or IPv6 text form (RFC 5952). */
  address: string
  port: number
  workload: Workload | undefined
}

export type Protocol = 'TCP' | 'HTTP/1' | 'HTTP/2'
export type Role = 'client' | 'server'

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
