/** The three things that are compared: nothing, the least a tracer can do, the whole product. */
import { join } from 'node:path'
import { AGENT, NODE, REPOSITORY, withoutSettings } from '../../test/e2e/harness/agent.ts'
import { Owned } from '../../test/e2e/harness/owned.ts'
import { freePort } from '../../test/e2e/harness/ports.ts'
import { childrenOf } from '../../test/e2e/harness/server.ts'
import { until } from '../../test/e2e/harness/until.ts'
import type { Target } from './target.ts'

/** What the agent writes to stderr once every probe is attached. */
const READY = / capturing /

export interface Variant {
  /** Processes whose CPU is the variant's cost, by name. */
  pids: Readonly<Record<string, number>>
  /** Ends it. @returns what it delivered, where it delivers anything */
  stop(): Promise<Delivery | undefined>
}

export interface Delivery {
  /** Server-side HTTP logs that the receiver accepted. */
  httpLogs: number
  /** Sentences about losses; none when all is well. */
  problems: string[]
}

export const VARIANTS: Record<'untraced' | 'tracer' | 'product', (target: Target) => Promise<Variant>> = {
  untraced: async () => ({ pids: {}, stop: async () => undefined }),
  tracer: startTracer,
  product: startProduct,
}

async function startTracer({ workerPid }: Target): Promise<Variant> {
  const tracer = new Owned(join(REPOSITORY, 'build/tracer/tracer'), [String(workerPid)])
  await tracer.line(/^ready$/)
  return {
    pids: { tracer: tracer.pid },
    stop: async () => {
      tracer.closeStdin()
      await tracer.exited
      return undefined
    },
  }
}

/** The receiver is the load's side of the machine, not the product's: its CPU is shown, and counted to nobody. */
async function startProduct({ workerPid }: Target): Promise<Variant> {
  const port = await freePort()
  const receiver = startReceiver(port)
  await receiver.listening(port)
  const agent = startAgent(port, workerPid)
  await until('capture', () => {
    if (agent.gone) throw new Error(`the agent ended: ${agent.stderr}`)
    return READY.test(agent.stderr)
  })
  return {
    pids: { agent: agent.pid, helper: childrenOf(agent.pid)[0] ?? 0, receiver: receiver.pid },
    stop: async () => {
      const { code } = await agent.stop()
      await receiver.stop()
      const { httpLogs, rejected } = ledgerOf(receiver)
      return { httpLogs, problems: [...problemsOf(agent, code), ...rejections(rejected)] }
    },
  }
}

function startReceiver(port: number): Owned {
  return new Owned(NODE, [join(REPOSITORY, 'bench/receiver/main.ts'), String(port)])
}

function startAgent(port: number, pid: number): Owned {
  const args = [
    'run',
    '--standalone',
    '--output',
    'none',
    '--backend',
    `127.0.0.1:${port}`,
    '--pid',
    String(pid),
  ]
  return new Owned(NODE, [AGENT, ...args], { env: withoutSettings(process.env), cwd: REPOSITORY })
}

interface Ledger {
  httpLogs: number
  /** Logs by reason. */
  rejected: Record<string, number>
}

/** The receiver's last line is its summary. */
function ledgerOf(receiver: Owned): Ledger {
  return JSON.parse(receiver.lines.at(-1) ?? '{}') as Ledger
}

/** The agent's summary on stderr names every loss and every stage that does not add up. */
function problemsOf(agent: Owned, code: number | null): string[] {
  const named = agent.stderr.split('\n').filter((line) => /BROKEN| dropped: /.test(line))
  return code === 0 ? named : [`exit code ${code}: ${agent.stderr}`, ...named]
}

function rejections(rejected: Ledger['rejected']): string[] {
  return Object.entries(rejected).map(([reason, logs]) => `the receiver rejected ${logs} logs: ${reason}`)
}
