/**
 * npm run bench -- capture [--rounds 5] [--seconds 6] [--only NAME]: what it costs nginx to be watched, and what the
 * watching costs. Untraced, a minimal tracer and the whole product take turns, so that all see the same machine.
 */
import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { describeMachine } from './capture/machine.ts'
import { type LoadReport, pipelineUs, printLoad, reportLoad } from './capture/report.ts'
import { type Scenario, type VariantName, measureRounds } from './capture/round.ts'
import { ratios, spread } from './capture/statistics.ts'
import { type Target, startTarget } from './capture/target.ts'

const ALL: VariantName[] = ['untraced', 'tracer', 'product']

/** The slower the pace, the more a fixed cost per second shows; at one request a second it is all there is. */
const SCENARIOS = {
  full: { name: 'small answers, as fast as wrk drives them', path: '/small', variants: ALL },
  paced: { name: 'small answers, 1,000 a second', path: '/small', rate: 1000, variants: ALL },
  idle: { name: 'one request a second', path: '/small', rate: 1, variants: ['tracer', 'product'] },
  body1k: { name: '1 KB files, 50 a second', path: '/1k', rate: 50, variants: ['product'] },
  body10m: { name: '10 MB files, 50 a second', path: '/10m', rate: 50, variants: ['product'] },
} satisfies Record<string, Scenario>

type ScenarioName = keyof typeof SCENARIOS

const RESULT = join(import.meta.dirname, 'results/capture.json')

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '6' },
    only: { type: 'string' },
  },
})

async function run(scenario: Scenario, target: Target): Promise<LoadReport> {
  const rounds = await measureRounds(scenario, target, Number(values.rounds), Number(values.seconds))
  return reportLoad(scenario.name, rounds)
}

async function runAll(): Promise<Partial<Record<ScenarioName, LoadReport>>> {
  const target = await startTarget()
  const reports: Partial<Record<ScenarioName, LoadReport>> = {}
  try {
    for (const name of Object.keys(SCENARIOS) as ScenarioName[]) {
      if (values.only !== undefined && values.only !== name) continue
      const report = await run(SCENARIOS[name], target)
      printLoad(report)
      reports[name] = report
    }
  } finally {
    await target.stop()
  }
  return reports
}

/** What the project promises, by this run. */
function promises({
  full,
  body1k,
  body10m,
}: Partial<Record<ScenarioName, LoadReport>>): Record<string, boolean> {
  const peak = (name: string): number => full?.variants.product?.[`${name} peak MiB`]?.max ?? Number.NaN
  const bodies = body1k && body10m && ratios(pipelineUs(body10m), pipelineUs(body1k)).median
  return {
    ...(full && {
      'nothing is lost': full.lost === 0 && full.problems.length === 0,
      'helper and agent together take at most 10 µs per request': spread(pipelineUs(full)).median <= 10,
      'nginx takes at most 2 µs more per request': (full.addedUs['product']?.median ?? Number.NaN) <= 2,
      'the agent stays under 150 MiB': peak('agent') <= 150,
      'the helper stays under 30 MiB': peak('helper') <= 30,
    }),
    ...(bodies !== undefined && {
      '10 MB cost the pipeline what 1 KB cost, ± 20 %': Math.abs(bodies - 1) <= 0.2,
    }),
  }
}

async function main(): Promise<void> {
  execFileSync('make', ['-s', '-C', join(import.meta.dirname, 'tracer')], { stdio: 'inherit' })
  const machine = describeMachine()
  const reports = await runAll()
  const kept = promises(reports)
  process.stdout.write(
    `\n${Object.entries(kept)
      .map(([text, holds]) => `${holds ? 'holds' : 'FAILS'}  ${text}`)
      .join('\n')}\n`,
  )
  if (values.only !== undefined) return
  const { rounds, seconds } = values
  const result = { machine, rounds: Number(rounds), seconds: Number(seconds), promises: kept, reports }
  writeFileSync(RESULT, `${JSON.stringify(result, null, 2)}\n`)
  process.stdout.write(`written to ${RESULT}\n`)
}

await main()
