/** HTTP logs as lines of a table for a person. Kernel logs are left out: the summary counts them. */
import type { Exchange } from '../protocols/analyzer.ts'
import type { ConnectionView, Endpoint, LogEntry } from './model.ts'
import type { WallClock } from './time.ts'

interface Column {
  title: string
  width: number
  alignRight?: true
}

const COLUMNS = {
  time: { title: 'TIME', width: 12 },
  service: { title: 'SERVICE', width: 18 },
  peer: { title: 'PEER', width: 23 },
  method: { title: 'METHOD', width: 7 },
  path: { title: 'PATH', width: 32 },
  status: { title: 'STATUS', width: 6, alignRight: true },
  latency: { title: 'LATENCY', width: 9, alignRight: true },
  request: { title: 'REQ', width: 8, alignRight: true },
  response: { title: 'RESP', width: 8, alignRight: true },
  tls: { title: 'TLS', width: 3 },
} satisfies Record<string, Column>

type ColumnName = keyof typeof COLUMNS

/** Title line, ended by a line feed. */
export function tableHeader(): string {
  const titles = Object.fromEntries(Object.entries(COLUMNS).map(([name, { title }]) => [name, title]))
  return tableLine(titles as Record<ColumnName, string>)
}

/** The line of an entry, or nothing when it has no exchange. Sizes are header and body bytes together. */
export function tableRow(clock: WallClock, view: ConnectionView, { exchange }: LogEntry): string {
  if (exchange === undefined) return ''
  return tableLine({
    time: clock.clock(exchange.startNs),
    service: view.local.workload?.service ?? `${view.local.address}:${view.local.port}`,
    peer: (view.role === 'client' ? '-> ' : '<- ') + peerName(view.remote),
    method: exchange.method || '?',
    path: exchange.path || '?',
    status: statusText(exchange),
    latency: latencyText(exchange.endNs - exchange.startNs),
    request: sizeText(exchange.requestHeaderBytes + exchange.requestBodyBytes),
    response: sizeText(exchange.responseHeaderBytes + exchange.responseBodyBytes),
    tls: view.tls ? 'tls' : '-',
  })
}

function tableLine(cells: Record<ColumnName, string>): string {
  const columns = Object.entries(COLUMNS) as [ColumnName, Column][]
  return `${columns
    .map(([name, column]) => fit(printable(cells[name]), column))
    .join('  ')
    .trimEnd()}\n`
}

/** A longer cell is cut with an ellipsis, so that the columns stay where they are. */
function fit(cell: string, { width, alignRight }: Column): string {
  const text = cell.length > width ? `${cell.slice(0, width - 1).toWellFormed()}…` : cell
  return alignRight ? text.padStart(width) : text.padEnd(width)
}

/** Paths come from strangers: nothing of them may steer the terminal, turn the direction of its text or hide in it. */
function printable(text: string): string {
  return text.replace(/[\p{C}\p{Zl}\p{Zp}]/gu, '?')
}

function peerName({ address, port, workload }: Endpoint): string {
  return workload === undefined
    ? address.includes(':')
      ? `[${address}]:${port}`
      : `${address}:${port}`
    : workload.service
}

/** Of a call of gRPC with the status that it ended with, the HTTP status is 200 whatever that is: `200/5`. */
function statusText({ status, grpcStatus }: Exchange): string {
  const text = status === 0 ? '?' : String(status)
  return grpcStatus === undefined ? text : `${text}/${grpcStatus}`
}

function latencyText(ns: number): string {
  if (ns < 1e6) return `${(ns / 1e3).toFixed(0)}us`
  return ns < 1e9 ? `${(ns / 1e6).toFixed(2)}ms` : `${(ns / 1e9).toFixed(ns < 1e14 ? 2 : 0)}s`
}

/** At most four digits before the point: a cell that is cut would tell another size. */
function sizeText(bytes: number): string {
  if (bytes < 10_000) return `${bytes}B`
  if (bytes < 9_999_950) return `${(bytes / 1e3).toFixed(1)}kB`
  return bytes < 9_999_950_000 ? `${(bytes / 1e6).toFixed(1)}MB` : `${(bytes / 1e9).toFixed(1)}GB`
}
