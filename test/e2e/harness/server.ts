/** What every server under observation offers to a test. */
import { readFileSync } from 'node:fs'
import type { Row } from './rows.ts'
import { until } from './until.ts'

export interface Server {
  readonly port: number
  /** `http://127.0.0.1:port`, without a slash at the end. */
  readonly url: string
  /** Processes that serve, the main one first. */
  readonly pids: readonly number[]
  /** What its own access log says so far. */
  rows(): Row[]
  stop(): Promise<void>
}

/** Resolves when the server's own log has this many rows: servers log after they answered. */
export async function served(server: Server, count: number): Promise<void> {
  await until(`${count} rows in the server's own log`, () => server.rows().length >= count)
}

/** Resolves when the server has read everything that its established IPv4 connections received. */
export async function drained({ port }: Server): Promise<void> {
  const local = `:${port.toString(16).toUpperCase().padStart(4, '0')} `
  await until('a server that has read everything', () =>
    readFileSync('/proc/net/tcp', 'utf8')
      .split('\n')
      .filter((line) => line.slice(0, 20).includes(local) && / 01 /.test(line))
      .every((line) => / [0-9A-F]{8}:00000000 /.test(line)),
  )
}

/** Children of a process, as the kernel lists them. */
export function childrenOf(pid: number): number[] {
  return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number)
}
