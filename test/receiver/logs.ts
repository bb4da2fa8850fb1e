/** Received messages as logs, in the shape of the agent's own JSON lines, times resolved as the backend does. */
import type { Address, Connection, Http, KernelLog, Message, Operation, Timestamp } from './protocol.ts'

export interface ReceivedLog {
  kind: 'http' | 'connect' | 'accept' | 'close' | 'read' | 'write'
  /** RFC 3339 with nanoseconds, UTC. */
  start: string
  durationNs: number
  role: 'client' | 'server'
  tls: boolean
  protocol: 'TCP' | 'HTTP/1' | 'HTTP/2'
  local: ReceivedEndpoint
  remote: ReceivedEndpoint
  /** connect and close. */
  success?: boolean
  /** read and write, as the protocol names it. */
  syscall?: string
  /** http. */
  request?: ReceivedRequest
  response?: { status: number; headerBytes: number; bodyBytes: number }
}

/** By name, or by address where the agent knew no name. */
export interface ReceivedEndpoint {
  address?: string
  port: number
  service?: string
  pod?: string
  container?: string
  process?: string
}

export interface ReceivedRequest {
  /** Upper case; UNRECOGNIZED for what the protocol has no name for, as the backend prints it. */
  method: string
  path: string
  host: string
  headerBytes: number
  bodyBytes: number
  trace?: { provider: 0 | 1; traceId: string; segmentId: string; spanId: string }
}

const PROTOCOLS = { HTTP_1: 'HTTP/1', HTTP_2: 'HTTP/2' } as const

/** Keeps what the protocol keeps per stream: one per stream, fed with every message of it. */
export class LogReader {
  #bootNs = 0n
  #shared: Pick<ReceivedLog, 'role' | 'tls' | 'protocol' | 'local' | 'remote'> | undefined

  /** The logs of a message, in order. */
  read(message: Message): ReceivedLog[] {
    const { bootTime } = message.node ?? {}
    if (bootTime) this.#bootNs = BigInt(bootTime.seconds ?? 0) * 1_000_000_000n + BigInt(bootTime.nanos ?? 0)
    if (message.connection) this.#shared = sharedOf(message.connection)
    const http = message.protocolLog?.http
    const kernelLogs = (message.kernelLogs ?? []).map((log) => this.#kernelLog(log))
    return http ? [...kernelLogs, this.#http(http)] : kernelLogs
  }

  #kernelLog(log: KernelLog): ReceivedLog {
    const [kind, operation] = Object.entries(log)[0] as [keyof KernelLog, Operation]
    const times = this.#times(operation)
    if (kind === 'accept') return { kind, ...times, ...this.#shared! }
    if (kind === 'read' || kind === 'write') {
      const syscall = operation.syscall ?? (kind === 'read' ? 'Read' : 'Write')
      return { kind, ...times, ...this.#shared!, syscall }
    }
    return { kind, ...times, ...this.#shared!, success: operation.success ?? false }
  }

  #http(http: Http): ReceivedLog {
    const { request = {}, response = {} } = http
    return {
      kind: 'http',
      ...this.#times(http),
      ...this.#shared!,
      request: {
        method: typeof request.method === 'number' ? 'UNRECOGNIZED' : (request.method ?? 'Get').toUpperCase(),
        path: request.path ?? '',
        host: request.host ?? '',
        headerBytes: Number(request.sizeOfHeadersBytes ?? 0),
        bodyBytes: Number(request.sizeOfBodyBytes ?? 0),
        ...(request.trace && { trace: traceOf(request.trace) }),
      },
      response: {
        status: response.statusCode ?? 0,
        headerBytes: Number(response.sizeOfHeadersBytes ?? 0),
        bodyBytes: Number(response.sizeOfBodyBytes ?? 0),
      },
    }
  }

  #times({ startTime, endTime }: { startTime?: Timestamp; endTime?: Timestamp }): {
    start: string
    durationNs: number
  } {
    const start = offsetOf(startTime)
    return { start: rfc3339(this.#bootNs + start), durationNs: Number(offsetOf(endTime) - start) }
  }
}

function sharedOf(
  connection: Connection,
): Pick<ReceivedLog, 'role' | 'tls' | 'protocol' | 'local' | 'remote'> {
  return {
    role: connection.role ?? 'client',
    tls: connection.tlsMode === 'TLS',
    protocol: connection.protocol ? PROTOCOLS[connection.protocol] : 'TCP',
    local: endpointOf(connection.local ?? {}),
    remote: endpointOf(connection.remote ?? {}),
  }
}

function endpointOf({ kubernetes, ip }: Address): ReceivedEndpoint {
  if (!kubernetes) return { address: ip?.host ?? '', port: ip?.port ?? 0 }
  const { serviceName = '', podName = '', containerName = '', processName = '', port = 0 } = kubernetes
  return { port, service: serviceName, pod: podName, container: containerName, process: processName }
}

function traceOf(
  trace: NonNullable<NonNullable<Http['request']>['trace']>,
): NonNullable<ReceivedRequest['trace']> {
  const { traceId = '', traceSegmentId: segmentId = '', spanId = '' } = trace
  return { provider: trace.provider === 'SkyWalking' ? 1 : 0, traceId, segmentId, spanId }
}

const offsetOf = (timestamp: Timestamp | undefined): bigint => BigInt(timestamp?.offset?.offset ?? 0)

function rfc3339(ns: bigint): string {
  const second = new Date(Number(ns / 1_000_000_000n) * 1000).toISOString().slice(0, 19)
  return `${second}.${String(ns % 1_000_000_000n).padStart(9, '0')}Z`
}
