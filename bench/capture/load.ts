/** What drives the target. */
import { join } from 'node:path'
import { NODE } from '../../test/e2e/harness/agent.ts'
import { run } from '../../test/e2e/harness/owned.ts'

export interface Load {
  /** For people. */
  name: string
  path: string
  /** Requests per second; undefined: as many as the target answers. */
  rate?: number
}

export interface LoadResult {
  requestsPerSecond: number
  p99Us: number
}

const CONNECTIONS = 16

export async function drive(url: string, { path, rate }: Load, seconds: number): Promise<LoadResult> {
  return rate === undefined ? wrk(`${url}${path}`, seconds) : paced(`${url}${path}`, rate, seconds)
}

/** Many streams on each connection, as fast as the target answers. @throws when a request fails */
export async function driveHttp2(url: string, path: string, streams: number, seconds: number): Promise<void> {
  const args = ['-t1', `-c${CONNECTIONS}`, `-m${streams}`, `-D${seconds}`, `${url}${path}`]
  const { code, stdout, stderr } = await run('h2load', args)
  if (code !== 0 || !/ 0 failed, 0 errored, 0 timeout/.test(stdout))
    throw new Error(`h2load: ${stdout}${stderr}`)
}

async function wrk(url: string, seconds: number): Promise<LoadResult> {
  const args = ['-t1', `-c${CONNECTIONS}`, `-d${seconds}s`, '--latency', url]
  const { code, stdout, stderr } = await run('wrk', args)
  const [, rate] = stdout.match(/^Requests\/sec:\s+([\d.]+)/m) ?? []
  const [, p99, unit] = stdout.match(/^\s+99%\s+([\d.]+)(us|ms|s)/m) ?? []
  if (code !== 0 || rate === undefined || p99 === undefined || /Non-2xx|Socket errors/.test(stdout)) {
    throw new Error(`wrk: ${stdout}${stderr}`)
  }
  return {
    requestsPerSecond: Number(rate),
    p99Us: Number(p99) * { us: 1, ms: 1e3, s: 1e6 }[unit as 'us' | 'ms' | 's'],
  }
}

async function paced(url: string, rate: number, seconds: number): Promise<LoadResult> {
  const script = join(import.meta.dirname, 'paced-client.ts')
  const { code, stdout, stderr } = await run(NODE, [script, url, String(rate), String(seconds)])
  if (code !== 0) throw new Error(`paced client: ${stderr}`)
  return JSON.parse(stdout) as LoadResult
}
