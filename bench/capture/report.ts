/** Rounds as ratios for people, and whether what was promised holds. */
import type { Round, VariantName } from './round.ts'
import { type Spread, differences, ratios, spread } from './statistics.ts'

export interface LoadReport {
  load: string
  variants: Partial<Record<VariantName, Record<string, Spread>>>
  /** Against the untraced rounds beside them. */
  ratios: Record<string, Spread>
  addedUs: Record<string, Spread>
  lost: number
  problems: string[]
  rounds: Round[]
}

const MIB = 1024 * 1024

export function reportLoad(load: string, rounds: Round[]): LoadReport {
  const of = (name: VariantName): Round[] => rounds.filter((round) => round.variant === name)
  const names = [...new Set(rounds.map((round) => round.variant))]
  const traced = names.filter((name) => name !== 'untraced' && names.includes('untraced'))
  const compare = (with_: typeof ratios, value: (round: Round) => number) => (name: VariantName) =>
    with_(of(name).map(value), of('untraced').map(value))
  const nginxUs = (round: Round): number => round.cpuUs['nginx'] ?? 0
  const hasLatency = rounds.every(({ p99Us }) => !Number.isNaN(p99Us))
  return {
    load,
    variants: Object.fromEntries(names.map((name) => [name, columns(of(name))])),
    ratios: Object.fromEntries(
      traced.flatMap((name) => [
        [`${name}: nginx CPU per request`, compare(ratios, nginxUs)(name)],
        [`${name}: requests per second`, compare(ratios, (round) => round.requestsPerSecond)(name)],
        ...(hasLatency
          ? [[`${name}: p99 latency`, compare(ratios, (round) => round.p99Us)(name)] as const]
          : []),
      ]),
    ),
    addedUs: Object.fromEntries(traced.map((name) => [name, compare(differences, nginxUs)(name)])),
    lost: rounds.reduce((sum, round) => sum + Math.abs(round.lost ?? 0), 0),
    problems: rounds.flatMap((round) => round.problems),
    rounds,
  }
}

function columns(rounds: Round[]): Record<string, Spread> {
  const first = rounds[0]
  if (!first) throw new Error('no rounds')
  return {
    'requests/s': spread(rounds.map((round) => round.requestsPerSecond)),
    ...(Number.isNaN(first.p99Us) ? {} : { 'p99 µs': spread(rounds.map((round) => round.p99Us)) }),
    ...eachOf(first.cpuUs, (name) => [`${name} µs/request`, rounds.map((round) => round.cpuUs[name] ?? 0)]),
    ...eachOf(first.memory, (name) => [
      `${name} peak MiB`,
      rounds.map((round) => (round.memory[name]?.peakBytes ?? 0) / MIB),
    ]),
  }
}

function eachOf(record: object, column: (name: string) => [string, number[]]): Record<string, Spread> {
  return Object.fromEntries(
    Object.keys(record).map((name) => {
      const [title, values] = column(name)
      return [title, spread(values)]
    }),
  )
}

/** CPU of helper and agent together for each request, per round. */
export function pipelineUs({ rounds }: LoadReport): number[] {
  return rounds
    .filter((round) => round.variant === 'product')
    .map(({ cpuUs }) => (cpuUs['agent'] ?? 0) + (cpuUs['helper'] ?? 0))
}

export function printLoad({ load, variants, ratios, addedUs, lost, problems }: LoadReport): void {
  const lines = [`\n${load}${' '.repeat(Math.max(1, 42 - load.length))}min     median        max`]
  for (const [name, table] of Object.entries(variants)) {
    for (const [title, value] of Object.entries(table)) lines.push(row(`  ${name}: ${title}`, value))
  }
  for (const [title, value] of Object.entries(ratios)) lines.push(row(`  × ${title}`, value))
  for (const [title, value] of Object.entries(addedUs))
    lines.push(row(`  + ${title}: nginx µs/request`, value))
  lines.push(`  lost: ${lost}`, ...problems.map((problem) => `  problem: ${problem}`))
  process.stdout.write(`${lines.join('\n')}\n`)
}

function row(title: string, { min, median, max }: Spread): string {
  const cells = [min, median, max].map((value) => value.toFixed(value < 100 ? 2 : 0).padStart(10))
  return `${title.padEnd(36)} ${cells.join(' ')}`
}
