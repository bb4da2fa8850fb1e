/** However the helper ends, the kernel is as it was before. */
import { readdirSync, readFileSync } from 'node:fs'
import test, { type ExecutionContext } from 'ava'
import { AgentRun } from '../e2e/harness/agent.ts'
import { Owned } from '../e2e/harness/owned.ts'
import { childrenOf } from '../e2e/harness/server.ts'
import { until } from '../e2e/harness/until.ts'
import { bpftool } from './helper.ts'

type Kind = 'prog' | 'map'

/** Ids of the programs or maps of the whole machine. */
async function inKernel(kind: Kind): Promise<Set<number>> {
  const list = (await bpftool(kind, 'show')) as { id: number }[]
  return new Set(list.map(({ id }) => id))
}

/** Ids that a process holds by its descriptors, those behind links included. */
function heldBy(pid: number, kind: Kind): number[] {
  const texts = readdirSync(`/proc/${pid}/fdinfo`).map((fd) => textOf(`/proc/${pid}/fdinfo/${fd}`))
  const ids = texts.flatMap((text) => text.match(new RegExp(`^${kind}_id:\\s*(\\d+)`, 'm'))?.[1] ?? [])
  return [...new Set(ids.map(Number))]
}

function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return '' // closed since it was listed
  }
}

function helperOf(agent: AgentRun): number {
  const isHelper = (pid: number) => textOf(`/proc/${pid}/comm`).startsWith('accesslog-helpe')
  const pid = childrenOf(agent.process.pid).find(isHelper)
  if (pid === undefined) throw new Error('the agent has no helper')
  return pid
}

/** An agent at work, and what its helper holds in the kernel. */
async function start(t: ExecutionContext) {
  const target = new Owned('sleep', ['60'])
  t.teardown(() => target.stop('SIGKILL'))
  const agent = await AgentRun.watching([target.pid])
  t.teardown(() => agent.process.stop('SIGKILL'))
  const helper = helperOf(agent)
  const programs = heldBy(helper, 'prog')
  const maps = heldBy(helper, 'map')
  t.true(programs.length >= 7, 'the helper holds its programs')
  t.true(maps.length >= 8, 'the helper holds its maps')
  const [allPrograms, allMaps] = [await inKernel('prog'), await inKernel('map')]
  t.true(programs.every((id) => allPrograms.has(id)) && maps.every((id) => allMaps.has(id)))
  return { agent, helper, programs, maps }
}

/** The kernel frees programs and maps a grace period after the last user is gone. */
async function expectNothingLeft(programs: readonly number[], maps: readonly number[]): Promise<void> {
  await until('no program left', async () => {
    const all = await inKernel('prog')
    return programs.every((id) => !all.has(id))
  })
  await until('no map left', async () => {
    const all = await inKernel('map')
    return maps.every((id) => !all.has(id))
  })
}

test.serial('nothing is left after the agent was told to end', async (t) => {
  const { agent, programs, maps } = await start(t)
  await agent.stop()
  await expectNothingLeft(programs, maps)
  t.pass()
})

test.serial('nothing is left after the agent was killed', async (t) => {
  const { agent, programs, maps } = await start(t)
  await agent.process.stop('SIGKILL')
  await expectNothingLeft(programs, maps)
  t.pass()
})

test.serial('nothing is left of a helper that was killed', async (t) => {
  const { agent, helper, programs, maps } = await start(t)
  process.kill(helper, 'SIGKILL')
  await expectNothingLeft(programs, maps)
  await agent.process.stop('SIGKILL')
  t.pass()
})

/** Links by which uprobes hang. */
const uprobeLinks = (pid: number): number =>
  readdirSync(`/proc/${pid}/fdinfo`).filter((fd) =>
    /link_type:\s*uprobe_multi/.test(textOf(`/proc/${pid}/fdinfo/${fd}`)),
  ).length

test.serial('probes of a library go with the last process that runs it', async (t) => {
  const script = 'import ssl, sys; print("loaded", flush=True); sys.stdin.read()'
  const python = new Owned('python3', ['-c', script])
  t.teardown(() => python.stop('SIGKILL'))
  await python.line(/^loaded$/)
  const agent = await AgentRun.watching([python.pid])
  t.teardown(() => agent.process.stop('SIGKILL'))
  const helper = helperOf(agent)
  t.true(uprobeLinks(helper) > 0, 'libssl is probed while python runs')
  await python.stop('SIGKILL')
  await until('no probe left', () => uprobeLinks(helper) === 0, 30_000)
  await agent.stop()
})
