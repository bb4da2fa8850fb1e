/** Logs as JSON lines, the stable output format of `--output json`. */
import { RecordSyscall } from '../connections/gen/event.ts'
import type { Exchange } from '../protocols/analyzer.ts'
import type { ConnectionView, Endpoint, KernelLog, LogEntry } from './model.ts'
import type { WallClock } from './time.ts'

/** `SENDFILE64` -> `sendfile64`, by number. */
const SYSCALL_NAMES: readonly string[] = Object.entries(RecordSyscall).reduce<string[]>(
  (names, [name, number]) => {
    names[number] = name.toLowerCase()
    return names
  },
  [],
)

/** One or more lines for an entry, each ended by a line feed: kernel logs first, as they happened before. */
export function jsonLines(clock: WallClock, view: ConnectionView, entry: LogEntry): string {
  const ends = `"local":${endpointJson(view.local)},"remote":${endpointJson(view.remote)}`
  let lines = ''
  for (const log of entry.kernelLogs) lines += kernelJson(clock, view, log, ends)
  if (entry.exchange !== undefined) lines += exchangeJson(clock, view, entry.exchange, ends)
  return lines
}

function exchangeJson(clock: WallClock, view: ConnectionView, exchange: Exchange, ends: string): string {
  const { startNs, endNs, version, incomplete } = exchange
  const unknown = incomplete.length > 0 ? `,"incomplete":${JSON.stringify(incomplete)}` : ''
  return (
    `{"kind":"http","start":"${clock.rfc3339(startNs)}","durationNs":${endNs - startNs},"role":"${view.role}",` +
    `"tls":${view.tls},"protocol":"${version}",${ends},"request":${requestJson(exchange)},` +
    `"response":${responseJson(exchange)}${unknown}}\n`
  )
}

function requestJson({ method, path, host, requestHeaderBytes, requestBodyBytes, trace }: Exchange): string {
  const traceJson = trace === undefined ? '' : `,"trace":${JSON.stringify(trace)}`
  return (
    `{"method":${JSON.stringify(method)},"path":${JSON.stringify(path)},"host":${JSON.stringify(host)},` +
    `"headerBytes":${requestHeaderBytes},"bodyBytes":${requestBodyBytes}${traceJson}}`
  )
}

function responseJson({ status, grpcStatus, responseHeaderBytes, responseBodyBytes }: Exchange): string {
  const grpc = grpcStatus === undefined ? '' : `"grpcStatus":${grpcStatus},`
  return `{"status":${status},${grpc}"headerBytes":${responseHeaderBytes},"bodyBytes":${responseBodyBytes}}`
}

function kernelJson(clock: WallClock, view: ConnectionView, log: KernelLog, ends: string): string {
  return (
    `{"kind":"${log.kind}","start":"${clock.rfc3339(log.startNs)}","durationNs":${log.endNs - log.startNs},` +
    `${kernelDetail(log)}"protocol":"${view.protocol}","role":"${view.role}","tls":${view.tls},${ends}}\n`
  )
}

function kernelDetail({ kind, success, syscall, bytes, count }: KernelLog): string {
  if (kind === 'accept') return ''
  if (kind === 'connect' || kind === 'close') return `"success":${success},`
  const name = syscall === 0 ? '' : `"syscall":"${SYSCALL_NAMES[syscall]}",`
  return `${name}"bytes":${bytes},"count":${count},`
}

function endpointJson({ address, port, workload }: Endpoint): string {
  const where = `{"address":"${address}","port":${port}`
  if (workload === undefined) return `${where}}`
  const { service, pod, container, process, pid } = workload
  return (
    `${where},"service":${JSON.stringify(service)},"pod":${JSON.stringify(pod)},` +
    `"container":${JSON.stringify(container)},"process":${JSON.stringify(process)},"pid":${pid}}`
  )
}
