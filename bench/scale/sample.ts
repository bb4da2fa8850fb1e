/** What an operator costs: its memory from /proc, its writes from its own metrics. */
import { readFileSync } from 'node:fs'

const KIB = 1024

export interface Memory {
  rssBytes: number
  /** The largest it ever was. */
  peakRssBytes: number
}

export function memoryOf(pid: number): Memory {
  const text = readFileSync(`/proc/${pid}/status`, 'utf8')
  const read = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(text)?.[1]) * KIB
  return { rssBytes: read('VmRSS'), peakRssBytes: read('VmHWM') }
}

/** CPU time of the process so far. */
export function cpuSeconds(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? []
  return (Number(fields[11]) + Number(fields[12])) / 100
}

export async function metricsOf(healthUrl: string): Promise<Map<string, number>> {
  const text = await fetch(`${healthUrl}/metrics`).then((response) => response.text())
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'))
  return new Map(
    lines.map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ')))]),
  )
}

/** Requests that changed objects, without those that renew the lease (PUT). */
export function writesIn(metrics: ReadonlyMap<string, number>): number {
  let sum = 0
  for (const [name, value] of metrics) {
    if (/^accesslog_operator_api_request_seconds_count\{method="(DELETE|PATCH|POST)"/.test(name)) sum += value
  }
  return sum
}
