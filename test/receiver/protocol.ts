/** agent/proto as a stock protobuf library reads it: the second opinion on what the agent writes. */
import { type MethodDefinition, type ServiceDefinition, loadSync } from '@grpc/proto-loader'
import { fileURLToPath } from 'node:url'

const PROTO_DIRECTORY = fileURLToPath(new URL('../../agent/proto', import.meta.url))

/** EBPFAccessLogMessage. 64-bit numbers are decimal strings, enums are names (numbers where they have none). */
export interface Message {
  node?: NodeInfo
  connection?: Connection
  kernelLogs?: KernelLog[]
  protocolLog?: { http?: Http }
}

export interface NodeInfo {
  name?: string
  netInterfaces?: { index?: number; mtu?: number; name?: string }[]
  bootTime?: { seconds?: string; nanos?: number }
  clusterName?: string
  policy?: { excludeNamespaces?: string[] }
}

export interface Connection {
  local?: Address
  remote?: Address
  role?: 'server'
  tlsMode?: 'TLS'
  protocol?: 'HTTP_1' | 'HTTP_2'
}

export interface Address {
  kubernetes?: {
    serviceName?: string
    podName?: string
    containerName?: string
    processName?: string
    port?: number
  }
  ip?: { host?: string; port?: number }
}

export interface Timestamp {
  offset?: { offset?: string }
}

export interface Operation {
  startTime?: Timestamp
  endTime?: Timestamp
  success?: boolean
  syscall?: string
}

export type KernelLog = Partial<Record<'connect' | 'accept' | 'close' | 'read' | 'write', Operation>>

export interface Http {
  startTime?: Timestamp
  endTime?: Timestamp
  version?: 'HTTP2'
  request?: {
    method?: string | number
    path?: string
    sizeOfHeadersBytes?: string
    sizeOfBodyBytes?: string
    trace?: { provider?: 'SkyWalking'; traceId?: string; traceSegmentId?: string; spanId?: string }
    host?: string
  }
  response?: { statusCode?: number; sizeOfHeadersBytes?: string; sizeOfBodyBytes?: string }
}

const definition = loadSync('accesslog.proto', {
  includeDirs: [PROTO_DIRECTORY],
  keepCase: true,
  longs: String,
  enums: String,
})

export const accessLogService = definition['skywalking.v3.EBPFAccessLogService'] as ServiceDefinition

const collect = accessLogService['collect'] as MethodDefinition<object, object>

/** @throws what the library throws when the bytes are not an EBPFAccessLogMessage */
export const decodeMessage = (bytes: Uint8Array): Message => collect.requestDeserialize(Buffer.from(bytes))

export const encodeMessage = (message: Message): Buffer => collect.requestSerialize(message)
