/** What every test of TLS expects of logs, and what it asks servers for. */
import type { ExecutionContext } from 'ava'
import type { HttpLog } from '../harness/agent.ts'
import type { Row } from '../harness/rows.ts'
import { expectRows } from '../harness/scenario.ts'

/** Of the programs here: bodies of so many bytes. */
export const PATHS = [
  '/bytes/0',
  '/bytes/1',
  '/bytes/999?secret=1',
  '/bytes/20000',
  '/bytes/300000',
  '/bytes/5',
]
/** Of nginx. */
export const FILES = ['/small.txt?q=1', '/medium.bin', '/return', '/missing']

/** Command line of a curl that trusts the authority and gets the paths one after the other on one connection. */
export function curlLine(authority: string, origin: string, paths: readonly string[]): string {
  const outputs = paths.map((path) => `-o /dev/null '${origin}${path}'`)
  return `curl -sS --cacert ${authority} ${outputs.join(' ')}`
}

/** Expects these rows, encrypted and in this protocol, and that nothing about them is unknown. */
export function expectEncrypted(
  t: ExecutionContext,
  expected: readonly Row[],
  logs: readonly HttpLog[],
  protocol = 'HTTP/1.1',
): void {
  expectRows(t, expected, logs)
  t.deepEqual(
    logs.filter((log) => !log.tls || log.protocol !== protocol),
    [],
  )
}
