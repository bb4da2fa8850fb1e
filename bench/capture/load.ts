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
  /** HTTP/2; without it HTTP/1.1. */
  http2?: Http2Load
  /** Over TLS. */
  isEncrypted?: true
}

export interface Http2Load {
  /** Open at once on each connection. */
  streams: number
  /** Such a load is a number of requests, so that it ends with none under way: so many for each second asked for. */
  requestsPerSecond: number
}

export interface LoadResult {
  requestsPerSecond: number
  /** NaN where the tool does not tell. */
  p99Us: number
}

/** Without a slash at the end. */
export interface Urls {
  url: string
  /** HTTP/2 without TLS, by prior knowledge. */
  http2Url: string
  /** HTTP/1.1 and HTTP/2 over TLS. */
  httpsUrl: string
}

const CONNECTIONS = 16

/** @throws when a request fails */
export async function drive(target: Urls, load: Load, seconds: number): Promise<LoadResult> {
  const { path, rate, http2, isEncrypted } = load
  const plainUrl = http2 === undefined ? target.url : target.http2Url
  const url = `${isEncrypted ? target.httpsUrl : plainUrl}${path}`
  if (http2 !== undefined) return h2load(url, http2, seconds)
  return rate === undefined ? wrk(url, seconds) : paced(url, rate, seconds)
}

async function h2load(
  url: string,
  { streams, requestsPerSecond }: Http2Load,
  seconds: number,
): Promise<LoadResult> {
  const args = [
    '-t1',
    `-c${CONNECTIONS}`,
    `-m${streams}`,
    `-n${Math.round(requestsPerSecond * seconds)}`,
    url,
  ]
  const { code, stdout, stderr } = await run('h2load', args)
  const [, rate] = stdout.match(/^finished in .*, ([\d.]+) req\/s/m) ?? []
  if (code !== 0 || rate === undefined || !/ 0 failed, 0 errored, 0 timeout/.test(stdout))
    throw new Error(`h2load: ${stdout}${stderr}`)
  return { requestsPerSecond: Number(rate), p99Us: Number.NaN }
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
