/** The shape of nearly every test here: watch, drive traffic, stop, compare with what the server itself logged. */
import type { ExecutionContext } from 'ava'
import { AgentRun, type HttpLog, type Observation } from './agent.ts'
import { conservationProblems } from './conservation.ts'
import { type Row, difference, serverLogs, toRow } from './rows.ts'
import { type Server, served } from './server.ts'

/** Watches the processes while the traffic runs, then stops the agent and checks that no loss is unexplained. */
export async function observe(
  t: ExecutionContext,
  pids: readonly number[],
  traffic: (agent: AgentRun) => Promise<unknown>,
): Promise<Observation> {
  const agent = await AgentRun.watching(pids)
  t.teardown(() => agent.process.stop('SIGKILL'))
  await traffic(agent)
  const observation = await agent.stop()
  t.deepEqual(conservationProblems(observation.summary), [])
  return observation
}

/** Drives traffic that the server logs as `count` rows and expects the agent to have logged exactly the same. */
export async function expectServerLog(
  t: ExecutionContext,
  server: Server,
  count: number,
  traffic: () => Promise<unknown>,
): Promise<Observation> {
  const observation = await observe(t, server.pids, async () => {
    await traffic()
    await served(server, count)
  })
  t.is(server.rows().length, count, "rows in the server's own log")
  expectRows(t, server.rows(), serverLogs(observation.logs, server.port))
  return observation
}

/** Expects these rows and that nothing about them is unknown. */
export function expectRows(t: ExecutionContext, expected: readonly Row[], logs: readonly HttpLog[]): void {
  t.deepEqual(difference(expected, logs.map(toRow)), [])
  t.deepEqual(
    logs.filter((log) => log.incomplete),
    [],
  )
}
