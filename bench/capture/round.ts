/** One variant under one load, once. */
import { until } from '../../test/e2e/harness/until.ts'
import { type Load, drive } from './load.ts'
import { loadAverage } from './machine.ts'
import { type Memory, cpuNs, memory } from './processes.ts'
import type { Target } from './target.ts'
import { VARIANTS, type Variant } from './variants.ts'

export type VariantName = keyof typeof VARIANTS

export interface Round {
  variant: VariantName
  requests: number
  requestsPerSecond: number
  p99Us: number
  /** CPU per request by process: `nginx`, and the variant's own. */
  cpuUs: Record<string, number>
  /** Of the variant's own processes, after the load. */
  memory: Record<string, Memory>
  /** Requests that nginx answered and no HTTP log was delivered for; undefined where nothing is delivered. */
  lost: number | undefined
  problems: string[]
}

/** Asking the target counts as a request. */
const QUESTION = 1
const WARM_UP_SECONDS = 2
const SETTLED_SHARE = 0.05
const SETTLE_STEP_MS = 200
const SETTLE_MAX_MS = 15_000

async function measure(name: VariantName, target: Target, load: Load, seconds: number): Promise<Round> {
  const before = await target.requests()
  const variant = await VARIANTS[name](target)
  await drive(target, load, WARM_UP_SECONDS) // compiled code, filled caches, open stream
  await settled(variant)
  const round = await measureLoad(variant, target, load, seconds)
  const delivery = await variant.stop()
  const answered = (await target.requests()) - before - QUESTION // asked when nobody watched any more
  return {
    ...round,
    variant: name,
    lost: delivery && answered - delivery.httpLogs,
    problems: delivery?.problems ?? [],
  }
}

type Measured = Omit<Round, 'variant' | 'lost' | 'problems'>

async function measureLoad(variant: Variant, target: Target, load: Load, seconds: number): Promise<Measured> {
  const pids = { nginx: target.workerPid, ...variant.pids }
  const requestsBefore = await target.requests()
  const before = cpuOf(pids)
  const { requestsPerSecond, p99Us } = await drive(target, load, seconds)
  await settled(variant)
  const after = cpuOf(pids)
  const requests = (await target.requests()) - requestsBefore - QUESTION
  const cpuUs = Object.entries(after).map(([name, ns]) => [
    name,
    (ns - (before[name] ?? 0)) / requests / 1000,
  ])
  return {
    requests,
    requestsPerSecond,
    p99Us,
    cpuUs: Object.fromEntries(cpuUs) as Record<string, number>,
    memory: Object.fromEntries(Object.entries(variant.pids).map(([name, pid]) => [name, memory(pid)])),
  }
}

function cpuOf(pids: Readonly<Record<string, number>>): Record<string, number> {
  return Object.fromEntries(Object.entries(pids).map(([name, pid]) => [name, cpuNs(pid)]))
}

export interface Scenario extends Load {
  variants: readonly VariantName[]
}

/** The variants take turns, so that all see the same machine. */
export async function measureRounds(
  scenario: Scenario,
  target: Target,
  rounds: number,
  seconds: number,
): Promise<Round[]> {
  const measured: Round[] = []
  for (let i = 0; i < rounds; i++) {
    for (const variant of scenario.variants) {
      measured.push(await measure(variant, target, scenario, seconds))
      process.stderr.write(`${scenario.name}: round ${i + 1}, ${variant}, load ${loadAverage()}\n`)
    }
  }
  return measured
}

/** Until the variant has worked off what the load left behind: that is part of its cost. */
async function settled({ pids }: Variant): Promise<void> {
  const total = (): number => Object.values(pids).reduce((sum, pid) => sum + cpuNs(pid), 0)
  let [lastNs, lastMs] = [total(), performance.now()]
  await until(
    'a variant at rest',
    () => {
      const elapsedMs = performance.now() - lastMs
      if (elapsedMs < SETTLE_STEP_MS) return false
      const share = (total() - lastNs) / 1e6 / elapsedMs
      ;[lastNs, lastMs] = [total(), performance.now()]
      return share < SETTLED_SHARE
    },
    SETTLE_MAX_MS,
  )
}
