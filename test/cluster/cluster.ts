/** A real cluster that belongs to a test process: it ends with it, however that ends. */
import { type ChildProcess, spawn } from 'node:child_process'
import { join } from 'node:path'
import { Cluster, type ClusterOptions } from '../../tools/cluster/cluster.ts'
import { REPOSITORY } from '../../tools/cluster/folders.ts'

export type { Cluster } from '../../tools/cluster/cluster.ts'

let count = 0

/**
 * Starts a cluster of its own, with a name that no other process uses. Stop it with `stop()`; what a test that dies
 * leaves behind is taken down by a guard.
 */
export async function startCluster(options: Omit<ClusterOptions, 'name'> = {}): Promise<Cluster> {
  const name = `test-${process.pid}-${++count}`
  const guard = spawnGuard(name)
  try {
    return dismissing(guard, await Cluster.up({ ...options, name }))
  } catch (error) {
    guard.stdin?.end('done\n')
    throw error
  }
}

/** A process that waits for the end of this one, even by SIGKILL, and then takes the cluster down. */
function spawnGuard(name: string): ChildProcess {
  const script = 'read -r word; [ "$word" = done ] || exec "$@"'
  const command = [process.execPath, join(REPOSITORY, 'tools/cluster/main.ts'), 'down', '--name', name]
  const guard = spawn('sh', ['-c', script, 'guard', ...command], {
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  })
  guard.unref()
  ;(guard.stdin as unknown as { unref(): void } | null)?.unref()
  return guard
}

/** The cluster, whose `stop` also sends the guard home. */
function dismissing(guard: ChildProcess, cluster: Cluster): Cluster {
  const stop = cluster.stop.bind(cluster)
  cluster.stop = async () => {
    await stop()
    guard.stdin?.end('done\n')
  }
  return cluster
}
