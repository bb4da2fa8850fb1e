/** Starts fake helpers and keeps what they say. */
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { CaptureSettings } from '../../../agent/helper/commands.ts'
import type { HelperListener, HelperOptions } from '../../../agent/helper/contract.ts'
import type { Batch, Problem, Processes } from '../../../agent/helper/gen/wire.ts'

export const NO_TARGETS = { watch: [], ignore: [], forget: [] }

export const SETTINGS: CaptureSettings = {
  shards: 2,
  perCpuBufferBytes: 65_536,
  captureBytes: 1_024,
  connectionsMax: 1_024,
  watchUnlisted: true,
  ignorePids: [process.pid],
}

export function fake(
  behaviour: string,
  file = '',
  deadlines: HelperOptions['deadlines'] = {},
): HelperOptions {
  const script = fileURLToPath(new URL('fixtures/fake.ts', import.meta.url))
  return { command: process.execPath, args: [script, behaviour, file], eventLayoutVersion: 1, deadlines }
}

/** Everything a helper tells, in order. */
export class Notebook implements HelperListener {
  readonly batches: string[] = []
  readonly processRecords: string[] = []
  readonly problems: Problem[] = []
  readonly lines: string[] = []

  batch({ shard, payload }: Batch): void {
    this.batches.push(`${shard}:${Buffer.from(payload).toString()}`)
  }

  processes({ payload }: Processes): void {
    this.processRecords.push(Buffer.from(payload).toString())
  }

  problem(problem: Problem): void {
    this.problems.push(problem)
  }

  log(line: string): void {
    this.lines.push(line)
  }

  /** The commands of one kind that a good fake heard. */
  heard(command: string): unknown[] {
    return this.problems
      .filter(({ where }) => where === command)
      .map(({ message }) => JSON.parse(message) as unknown)
  }
}

/** Waits for a condition; rejects after ten seconds with what was waited for. */
export async function until(what: string, condition: () => boolean): Promise<void> {
  const deadline = performance.now() + 10_000
  while (!condition()) {
    if (performance.now() > deadline) throw new Error(`waited in vain for ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}

/** False once the process is gone or only waits to be collected. */
export function isRunning(pid: number): boolean {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))
  } catch {
    return false
  }
}
