/** What happened as one line, as in the log block of a fixture. */
import type { Event } from './calls.ts'

/** @param usualVersion is not told */
export function logLine(event: Event, usualVersion: string): string {
  if (typeof event === 'string') return event
  const { requestHeaderBytes, requestBodyBytes, responseHeaderBytes, responseBodyBytes, trace } = event
  const parts = [
    event.method || '-',
    event.path || '-',
    event.status,
    `request=${requestHeaderBytes}+${requestBodyBytes}`,
    `response=${responseHeaderBytes}+${responseBodyBytes}`,
  ]
  if (event.grpcStatus !== undefined) parts.push(`grpc=${event.grpcStatus}`)
  if (event.host !== '') parts.push(`host=${event.host}`)
  if (event.version !== usualVersion) parts.push(`version=${event.version || '-'}`)
  if (trace !== undefined)
    parts.push(`trace=${trace.provider}:${trace.traceId}:${trace.segmentId}:${trace.spanId}`)
  if (event.incomplete.length > 0) parts.push(`incomplete=${event.incomplete.join()}`)
  return parts.join(' ')
}
