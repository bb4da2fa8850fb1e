/** What a cluster's folder says about it, so that another process finds it, and finds out that it is dead. */
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { isAlive, kill9, readIds, writeId } from './daemon.ts'
import { CLUSTERS, clusterFolder, etcdFolder } from './folders.ts'
import { releasePorts } from './ports.ts'

/** The process that is starting the cluster; its entry goes when the cluster is up. */
const STARTER = 'starter'

export interface ClusterState {
  url: string
  kubeconfig: string
  node: boolean
  controllers: boolean
}

/** Names of all clusters that have a folder, dead ones included. */
export async function clusterNames(): Promise<string[]> {
  return readdir(CLUSTERS).catch(() => [])
}

/** Claims the name: after this nobody else starts a cluster of it. @throws when somebody has done so */
export async function claimFolder(name: string): Promise<string> {
  const folder = clusterFolder(name)
  await mkdir(CLUSTERS, { recursive: true, mode: 0o700 })
  await mkdir(folder, { mode: 0o700 }).catch((error: NodeJS.ErrnoException) => {
    throw error.code === 'EEXIST' ? new Error(`cluster ${name} is there already`) : error
  })
  writeId(folder, STARTER, process.pid)
  return folder
}

/** Says that the cluster is complete. */
export async function writeState(name: string, state: ClusterState): Promise<void> {
  const folder = clusterFolder(name)
  await writeFile(join(folder, 'state.json.new'), JSON.stringify(state))
  await rename(join(folder, 'state.json.new'), join(folder, 'state.json'))
  await rm(join(folder, 'processes', STARTER))
}

export type Found =
  | { is: 'absent' }
  /** `pid` is starting it. */
  | { is: 'starting'; pid: number }
  | { is: 'up'; state: ClusterState }
  /** Not all of its processes run: it crashed, was killed, or the machine was started again. */
  | { is: 'stale'; dead: string[] }

/** Looks at a cluster's folder and at its processes. */
export async function find(name: string): Promise<Found> {
  const folder = clusterFolder(name)
  if ((await readdir(folder).catch(() => undefined)) === undefined) return { is: 'absent' }
  const ids = readIds(folder)
  const starter = ids.get(STARTER)
  if (starter !== undefined && isAlive(starter)) return { is: 'starting', pid: starter.pid }
  const dead = [...ids].filter(([, id]) => !isAlive(id)).map(([daemon]) => daemon)
  const text = await readFile(join(folder, 'state.json'), 'utf8').catch(() => undefined)
  if (text === undefined || dead.length > 0) return { is: 'stale', dead }
  return { is: 'up', state: JSON.parse(text) as ClusterState }
}

/** Kills what is left of the cluster's daemons, by id. Their data is nobody's, so none is asked to finish. */
export async function killDaemons(name: string): Promise<void> {
  for (const [daemon, id] of readIds(clusterFolder(name))) if (daemon !== STARTER) await kill9(id)
}

/** Removes everything that the cluster has on disk and in memory, its claims on ports included. */
export async function removeState(name: string): Promise<void> {
  await rm(etcdFolder(name), { recursive: true, force: true })
  await rm(clusterFolder(name), { recursive: true, force: true })
  await releasePorts(name)
}
