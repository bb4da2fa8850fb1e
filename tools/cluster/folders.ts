/** Where clusters keep what they need: caches that outlive them, and one folder each that does not. */
import { homedir } from 'node:os'
import { join } from 'node:path'

export const REPOSITORY = join(import.meta.dirname, '../..')

/** Built and fetched once: the daemons, kubectl, helm. The shell scripts beside them know the same rule. */
export const CACHE =
  process.env['ACCESSLOG_CACHE'] ??
  join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'accesslog-operator')

/** State of clusters, by name. */
export const CLUSTERS = join(CACHE, 'clusters')

/** Ports that clusters have claimed: a file each, named after the port, that holds the cluster's name. */
export const PORTS = join(CACHE, 'ports')

/** Letters that a cluster's name may have: it becomes part of paths, cgroups and socket addresses (108 bytes). */
export const CLUSTER_NAME = /^[a-z0-9]([a-z0-9-]{0,28}[a-z0-9])?$/

/** Folder of one cluster; only its owner can read it, because it holds keys. */
export function clusterFolder(name: string): string {
  return join(CLUSTERS, name)
}

/** etcd syncs every write; in memory that costs nothing, and nobody wants the data of a test back. */
export function etcdFolder(name: string): string {
  return `/dev/shm/accesslog-etcd-${process.getuid?.() ?? 0}-${name}`
}
