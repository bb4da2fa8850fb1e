/** Ports of clusters. A claim lasts as long as the cluster's folder, so clusters that start side by side never share one. */
import { mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { clusterFolder, PORTS } from './folders.ts'

/** Below the ephemeral range, so that no client socket takes one; test servers use those from 18,500. */
const FIRST = 17_500
const COUNT = 1_000

/** Claims a loopback port that is free. @throws when all are taken */
export async function claimPort(cluster: string): Promise<number> {
  await mkdir(PORTS, { recursive: true, mode: 0o700 })
  for (let port = FIRST; port < FIRST + COUNT; port++) {
    if (!(await claim(port, cluster))) continue
    if (await isFree(port)) return port
    await rm(join(PORTS, String(port)), { force: true })
  }
  throw new Error(`no free port from ${FIRST} to ${FIRST + COUNT - 1}`)
}

/** Gives back all ports that a cluster claimed. */
export async function releasePorts(cluster: string): Promise<void> {
  for (const port of await readdir(PORTS).catch(() => [])) {
    const file = join(PORTS, port)
    if ((await readFile(file, 'utf8').catch(() => '')) === cluster) await rm(file, { force: true })
  }
}

/** Whether the port's file is now this cluster's. A claim of a cluster without a folder is stale and taken over. */
async function claim(port: number, cluster: string): Promise<boolean> {
  const file = join(PORTS, String(port))
  try {
    await writeFile(file, cluster, { flag: 'wx' })
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  }
  const owner = await readFile(file, 'utf8').catch(() => '')
  const lives = owner !== '' && (await stat(clusterFolder(owner)).catch(() => undefined))
  if (!lives) await rm(file, { force: true })
  return false // the next cluster finds it free; racing for a stale claim is not worth a lock
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer()
    probe.once('error', () => resolve(false))
    probe.listen({ port, host: '127.0.0.1', exclusive: true }, () => probe.close(() => resolve(true)))
  })
}
