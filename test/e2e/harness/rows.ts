/** What a server says it served against what the agent says it saw, compared as multisets. */
import type { HttpLog, Log } from './agent.ts'

/** What one exchange can be compared by. A server's row holds the fields that its own log knows. */
export interface Row {
  method: string
  path: string
  status: number
  /** Of a call of gRPC. */
  grpcStatus?: number | undefined
  responseBodyBytes?: number
  requestBodyBytes?: number
  /** Head and body together. */
  responseBytes?: number
  requestBytes?: number
}

/** A row of which every field is known; of a call of gRPC perhaps but its status. */
export type FullRow = Required<Omit<Row, 'grpcStatus'>> & Pick<Row, 'grpcStatus'>

export function isHttp(log: Log): log is HttpLog {
  return log.kind === 'http'
}

/** HTTP logs of the server that listens on this port, as that server captured them. */
export function serverLogs(logs: readonly Log[], port: number): HttpLog[] {
  return logs.filter(isHttp).filter((log) => log.role === 'server' && log.local.port === port)
}

/** HTTP logs of clients of that port. */
export function clientLogs(logs: readonly Log[], port: number): HttpLog[] {
  return logs.filter(isHttp).filter((log) => log.role === 'client' && log.remote.port === port)
}

export function toRow({ request, response }: HttpLog): FullRow {
  return {
    method: request.method,
    path: request.path,
    status: response.status,
    grpcStatus: response.grpcStatus,
    responseBodyBytes: response.bodyBytes,
    requestBodyBytes: request.bodyBytes,
    responseBytes: response.headerBytes + response.bodyBytes,
    requestBytes: request.headerBytes + request.bodyBytes,
  }
}

/**
 * Lines such as `missing 2 × GET /a 200 responseBodyBytes=5`; none when both hold the same rows as often.
 * Only fields that the expected rows have are compared.
 */
export function difference(expected: readonly Row[], actual: readonly Row[]): string[] {
  const fields = Object.keys(expected[0] ?? {}) as (keyof Row)[]
  const balance = new Map<string, number>()
  const add = (row: Row, by: number): void => {
    const text = describe(row, fields)
    balance.set(text, (balance.get(text) ?? 0) + by)
  }
  for (const row of expected) add(row, -1)
  for (const row of actual) add(row, 1)
  return [...balance]
    .filter(([, count]) => count !== 0)
    .map(([text, count]) => `${count < 0 ? 'missing' : 'unexpected'} ${Math.abs(count)} × ${text}`)
    .sort()
}

function describe(row: Row, fields: readonly (keyof Row)[]): string {
  const rest = fields.filter((field) => !['method', 'path', 'status'].includes(field))
  return [row.method, row.path, row.status, ...rest.map((field) => `${field}=${row[field]}`)].join(' ')
}
