/**
 * The cgroup of a cluster with a node: its daemons, the runtime's shims and all pods are in it, in every hierarchy, and
 * no process can leave it by daemonizing. So everything can be found and ended, whatever crashed.
 */
import { existsSync, readdirSync, readFileSync, mkdirSync, rmdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { until } from './until.ts'

const ROOT = '/sys/fs/cgroup'
const KILL_DEADLINE_MS = 20_000
const DAEMONS = 'daemons'

/** Name of the cgroup, below the root of each hierarchy. */
export function cgroupName(cluster: string): string {
  return `accesslog-${cluster}`
}

/** Makes the cgroup and one for daemons in it, because version 2 wants processes in leaves only. */
export function createCgroup(cluster: string): void {
  for (const hierarchy of hierarchies())
    for (const path of [cgroupName(cluster), join(cgroupName(cluster), DAEMONS)]) {
      mkdirSync(join(hierarchy, path), { recursive: true })
      inheritCpus(join(hierarchy, path))
    }
}

/** Words that put a command into the daemons' cgroup and then become it. */
export function enterCgroup(cluster: string): string[] {
  const files = hierarchies().map((hierarchy) =>
    join(hierarchy, cgroupName(cluster), DAEMONS, 'cgroup.procs'),
  )
  return ['sh', '-c', `for file in ${files.join(' ')}; do echo $$ >"$file"; done; exec "$@"`, 'sh']
}

/** Kills every process in the cgroup and removes it. Harmless when there is none. */
export async function destroyCgroup(cluster: string): Promise<void> {
  const roots = hierarchies()
    .map((hierarchy) => join(hierarchy, cgroupName(cluster)))
    .filter((root) => existsSync(root))
  const gone = () => {
    for (const pid of new Set(roots.flatMap(members))) kill(pid)
    for (const root of roots) removeTree(root)
    return !roots.some((root) => existsSync(root))
  }
  await until(
    `cgroup ${cgroupName(cluster)}: end`,
    gone,
    KILL_DEADLINE_MS,
    () => `left: ${roots.flatMap(members).join(' ')}`,
  )
}

/** All hierarchies: one in version 2, otherwise one for each controller, and often a version 2 without any. */
function hierarchies(): string[] {
  if (existsSync(join(ROOT, 'cgroup.controllers'))) return [ROOT]
  return readdirSync(ROOT, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => join(ROOT, entry.name))
    .filter((path) => existsSync(join(path, 'cgroup.procs')))
}

/** A new cgroup of the version 1 controller cpuset takes no process until it has CPUs and memory. */
function inheritCpus(path: string): void {
  for (const file of ['cpuset.mems', 'cpuset.cpus'])
    if (existsSync(join(path, 'cpuset.sched_load_balance')))
      writeFileSync(join(path, file), readFileSync(join(path, '..', file)))
}

function members(path: string): number[] {
  let pids: number[] = []
  try {
    pids = readFileSync(join(path, 'cgroup.procs'), 'utf8').split('\n').filter(Boolean).map(Number)
  } catch {
    return [] // removed meanwhile
  }
  return [...pids, ...children(path).flatMap(members)]
}

function children(path: string): string[] {
  try {
    return readdirSync(path, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map((entry) => join(path, entry.name))
  } catch {
    return []
  }
}

/** A cgroup whose last process has not quite ended stays; the next try removes it. */
function removeTree(path: string): void {
  for (const child of children(path)) removeTree(child)
  try {
    rmdirSync(path)
  } catch (error) {
    if (!['EBUSY', 'ENOENT'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}
