/**
 * npm run bench -- http2 [--tls] [--rounds 5] [--seconds 4]: what it costs nginx to be watched while it answers 100 streams
 * on each of 16 connections without TLS, and what the watching costs. Untraced and traced take turns. --tls: the same over
 * TLS, and HTTP/1.1 over TLS; what nginx takes more is what the uprobes cost.
 */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { describeMachine } from './capture/machine.ts'
import { type LoadReport, pipelineUs, printLoad, reportLoad } from './capture/report.ts'
import { type Scenario, measureRounds } from './capture/round.ts'
import { type Spread, spread } from './capture/statistics.ts'
import { startTarget } from './capture/target.ts'

const COMMON = { path: '/small', variants: ['untraced', 'product'] } as const

const PLAIN: Record<string, Scenario> = {
  h2c: {
    ...COMMON,
    name: 'HTTP/2, 100 streams on 16 connections',
    http2: { streams: 100, requestsPerSecond: 50_000 },
  },
}

const ENCRYPTED: Record<string, Scenario> = {
  https: { ...COMMON, name: 'HTTP/1.1 over TLS, 16 connections', isEncrypted: true },
  h2: {
    ...COMMON,
    name: 'HTTP/2 over TLS, 100 streams on 16 connections',
    http2: { streams: 100, requestsPerSecond: 30_000 },
    isEncrypted: true,
  },
}

const { values } = parseArgs({
  options: {
    tls: { type: 'boolean', default: false },
    rounds: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '4' },
  },
})

interface Measured extends LoadReport {
  /** Helper and agent together. */
  pipelineUs: Spread
}

async function measure(scenario: Scenario): Promise<Measured> {
  const target = await startTarget()
  try {
    const rounds = await measureRounds(scenario, target, Number(values.rounds), Number(values.seconds))
    const report = reportLoad(scenario.name, rounds)
    return { ...report, pipelineUs: spread(pipelineUs(report)) }
  } finally {
    await target.stop()
  }
}

async function main(): Promise<void> {
  const machine = describeMachine()
  const reports: Record<string, Measured> = {}
  for (const [key, scenario] of Object.entries(values.tls ? ENCRYPTED : PLAIN)) {
    const report = await measure(scenario)
    printLoad(report)
    process.stdout.write(`  helper and agent: ${report.pipelineUs.median.toFixed(2)} µs/request\n`)
    reports[key] = report
  }
  const { rounds, seconds } = values
  const result = { machine, rounds: Number(rounds), seconds: Number(seconds), reports }
  const file = join(import.meta.dirname, `results/${values.tls ? 'tls' : 'http2'}.json`)
  writeFileSync(file, `${JSON.stringify(result, null, 2)}\n`)
  process.stdout.write(`written to ${file}\n`)
}

await main()
