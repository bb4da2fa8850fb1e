/**
 * npm run bench -- http2 [--rounds 5] [--seconds 4]: what it costs nginx to be watched while it answers 100 streams on each
 * of 16 connections without TLS, and what the watching costs. Untraced and traced take turns.
 */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { describeMachine } from './capture/machine.ts'
import { type LoadReport, pipelineUs, printLoad, reportLoad } from './capture/report.ts'
import { type Scenario, measureRounds } from './capture/round.ts'
import { type Spread, spread } from './capture/statistics.ts'
import { startTarget } from './capture/target.ts'

const SCENARIOS: Record<string, Scenario> = {
  h2c: {
    name: 'HTTP/2, 100 streams on 16 connections',
    path: '/small',
    http2: { streams: 100, requestsPerSecond: 50_000 },
    variants: ['untraced', 'product'],
  },
}

const RESULT = join(import.meta.dirname, 'results/http2.json')

const { values } = parseArgs({
  options: { rounds: { type: 'string', default: '5' }, seconds: { type: 'string', default: '4' } },
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
  for (const [key, scenario] of Object.entries(SCENARIOS)) {
    const report = await measure(scenario)
    printLoad(report)
    process.stdout.write(`  helper and agent: ${report.pipelineUs.median.toFixed(2)} µs/request\n`)
    reports[key] = report
  }
  const { rounds, seconds } = values
  const result = { machine, rounds: Number(rounds), seconds: Number(seconds), reports }
  writeFileSync(RESULT, `${JSON.stringify(result, null, 2)}\n`)
  process.stdout.write(`written to ${RESULT}\n`)
}

await main()
