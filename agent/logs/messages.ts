/** The two kinds of log as protobuf: AccessLogKernelLog and AccessLogHTTPProtocol of agent/proto/accesslog.proto. */
import { RecordSyscall } from '../connections/gen/event.ts'
import type { Exchange, TraceContext } from '../protocols/analyzer.ts'
import type { KernelLog } from './model.ts'
import { type ProtobufWriter, textMaxBytes, varintBytes } from './protobuf.ts'

/** Upper bound of `writeKernelLog`. */
export const KERNEL_LOG_MAX_BYTES = 48

/** Upper bound of `writeExchange` without its strings. */
const EXCHANGE_MAX_BYTES = 192

/**
 * A method outside the protocol's nine. Its enum is open and has no "unknown": 0 would turn a PROPFIND into a GET,
 * while a value outside of it becomes the backend's UNRECOGNIZED, an endpoint of its own. 127 is still one byte.
 */
const METHOD_OTHER = 127
const METHODS: ReadonlyMap<string, number> = new Map(
  ['GET', 'POST', 'PUT', 'DELETE', 'HEAD', 'PATCH', 'OPTIONS', 'TRACE', 'CONNECT'].map((name, i) => [
    name,
    i,
  ]),
)

/** AccessLogKernelReadSyscall by record_syscall; a splice out of a socket is a read that skips user memory. */
const READ_SYSCALLS = syscallTable([
  [RecordSyscall.READ, 0],
  [RecordSyscall.READV, 1],
  [RecordSyscall.RECVFROM, 3],
  [RecordSyscall.RECVMSG, 4],
  [RecordSyscall.RECVMMSG, 5],
  [RecordSyscall.SPLICE, 0],
])

/** AccessLogKernelWriteSyscall by record_syscall; a splice into a socket is what sendfile does inside the kernel. */
const WRITE_SYSCALLS = syscallTable([
  [RecordSyscall.WRITE, 0],
  [RecordSyscall.WRITEV, 1],
  [RecordSyscall.SENDTO, 3],
  [RecordSyscall.SENDMSG, 4],
  [RecordSyscall.SENDMMSG, 5],
  [RecordSyscall.SENDFILE64, 7],
  [RecordSyscall.SPLICE, 6],
])

/** Indexed by a byte, 0 (Read, Write) where nothing is said. */
function syscallTable(pairs: readonly (readonly [number, number])[]): Uint8Array {
  const table = new Uint8Array(256)
  for (const [syscall, value] of pairs) table[syscall] = value
  return table
}

/** EBPFAccessLogMessage.kernelLogs. Every operation fits a one-byte length. */
export function writeKernelLog(writer: ProtobufWriter, log: KernelLog): void {
  writer.byte(0x1a)
  const kernelLog = writer.open(1)
  writer.byte(operationTag(log))
  const operation = writer.open(1)
  writeTimestamp(writer, 0x0a, log.startNs)
  writeTimestamp(writer, 0x12, log.endNs)
  const value = operationValue(log)
  if (value !== 0) {
    writer.byte(0x18)
    writer.byte(value)
  }
  writer.close(operation, 1)
  writer.close(kernelLog, 1)
}

/** Field of AccessLogKernelLog. */
function operationTag(log: KernelLog): number {
  switch (log.kind) {
    case 'connect':
      return 0x0a
    case 'accept':
      return 0x12
    case 'close':
      return 0x1a
    case 'read':
      return 0x22
    case 'write':
      return 0x2a
  }
}

/** Field 3: the outcome of connect and close, the syscall of read and write, nothing in accept. */
function operationValue(log: KernelLog): number {
  switch (log.kind) {
    case 'accept':
      return 0
    case 'read':
      return READ_SYSCALLS[log.syscall] ?? 0
    case 'write':
      return WRITE_SYSCALLS[log.syscall] ?? 0
    default:
      return log.success ? 1 : 0
  }
}

/** EBPFTimestamp { offset { offset } }. Present even at 0: the backend asks for the message, not for the number. */
function writeTimestamp(writer: ProtobufWriter, tag: number, ns: number): void {
  writer.byte(tag)
  writer.byte(0)
  writer.byte(0x0a)
  writer.byte(0)
  const start = writer.length
  writer.byte(0x08)
  writer.varint(ns)
  const size = writer.length - start
  writer.bytes[start - 1] = size
  writer.bytes[start - 3] = size + 2
}

/** Upper bound of `writeExchange`, for ProtobufWriter.reserve. */
export function exchangeMaxBytes({ path, host, trace }: Exchange): number {
  const strings = textMaxBytes(path) + textMaxBytes(host)
  if (!trace) return EXCHANGE_MAX_BYTES + strings
  const ids = textMaxBytes(trace.traceId) + textMaxBytes(trace.segmentId) + textMaxBytes(trace.spanId)
  return EXCHANGE_MAX_BYTES + strings + ids
}

/** EBPFAccessLogMessage.protocolLog { http }. Lengths are guessed from the strings, which make up most of it. */
export function writeExchange(writer: ProtobufWriter, exchange: Exchange): void {
  const { trace } = exchange
  const strings = exchange.path.length + exchange.host.length + (trace ? traceLength(trace) : 0)
  const lengthBytes = varintBytes(strings + 64)
  writer.byte(0x22)
  const protocolLog = writer.open(lengthBytes)
  writer.byte(0x0a)
  const http = writer.open(lengthBytes)
  writeTimestamp(writer, 0x0a, exchange.startNs)
  writeTimestamp(writer, 0x12, exchange.endNs)
  if (exchange.version.startsWith('HTTP/2')) writer.varintField(0x18, 1)
  writeRequest(writer, exchange, varintBytes(strings + 16))
  writeResponse(writer, exchange)
  writer.close(http, lengthBytes)
  writer.close(protocolLog, lengthBytes)
}

const traceLength = (trace: TraceContext): number =>
  trace.traceId.length + trace.segmentId.length + trace.spanId.length + 10

function writeRequest(writer: ProtobufWriter, exchange: Exchange, lengthBytes: number): void {
  writer.byte(0x22)
  const request = writer.open(lengthBytes)
  writer.varintField(0x08, METHODS.get(exchange.method) ?? METHOD_OTHER)
  writer.textField(0x12, exchange.path || '/')
  writer.varintField(0x18, exchange.requestHeaderBytes)
  writer.varintField(0x20, exchange.requestBodyBytes)
  if (exchange.trace) writeTrace(writer, exchange.trace)
  writer.textField(0x32, exchange.host)
  writer.close(request, lengthBytes)
}

function writeTrace(writer: ProtobufWriter, trace: TraceContext): void {
  const lengthBytes = varintBytes(traceLength(trace))
  writer.byte(0x2a)
  const start = writer.open(lengthBytes)
  writer.varintField(0x08, trace.provider)
  writer.textField(0x12, trace.traceId)
  writer.textField(0x1a, trace.segmentId)
  writer.textField(0x22, trace.spanId)
  writer.close(start, lengthBytes)
}

/** Present even when nothing is known of the response: status 0 is how the protocol says so. */
function writeResponse(writer: ProtobufWriter, exchange: Exchange): void {
  writer.byte(0x2a)
  const response = writer.open(1)
  writer.varintField(0x08, exchange.status)
  writer.varintField(0x18, exchange.responseHeaderBytes)
  writer.varintField(0x20, exchange.responseBodyBytes)
  writer.close(response, 1)
}
