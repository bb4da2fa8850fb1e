/** cgroup id to path: who a process belonged to, even when it is gone. */
import { existsSync, readdirSync, statSync } from 'node:fs'
import { RecentMap } from './recent.ts'

export interface CgroupsOptions {
  /** Where the cgroup file systems are mounted, usually /sys/fs/cgroup. */
  root: string
  /** Milliseconds of a clock that never goes back. */
  now: () => number
  /** Ids remembered, and folders visited by one walk. */
  capacity?: number
  /** At least this long between two walks of the tree. */
  walkIntervalMs?: number
}

/**
 * The id of a v2 cgroup is the inode number of its folder. Ids are not used again, so what is found once stays
 * true, and an id that a walk did not find never will be.
 */
export class Cgroups {
  readonly #mount: string | undefined
  readonly #now: () => number
  readonly #capacity: number
  readonly #walkIntervalMs: number
  /** Path below the mount, or '' for an id that is known to be gone. */
  readonly #paths: RecentMap<number, string>
  #walkedMs = -Infinity
  #walks = 0

  constructor({ root, now, capacity = 16_384, walkIntervalMs = 1_000 }: CgroupsOptions) {
    this.#mount = unifiedMount(root)
    this.#now = now
    this.#capacity = capacity
    this.#walkIntervalMs = walkIntervalMs
    this.#paths = new RecentMap(capacity)
  }

  /** Walks of the tree so far: each costs some ten microseconds a folder. */
  get walks(): number {
    return this.#walks
  }

  /** Path of a cgroup that was learnt or walked over; costs nothing. */
  seen(id: number): string | undefined {
    return this.#paths.get(id) || undefined
  }

  /** Path of the cgroup, starting with `/`; `undefined` when it is gone, or unknown until the next walk is due. */
  pathOf(id: number): string | undefined {
    if (this.#mount === undefined || id === 0) return undefined
    if (this.#paths.has(id)) return this.seen(id)
    if (this.#now() - this.#walkedMs < this.#walkIntervalMs) return undefined
    this.#walk(this.#mount)
    if (!this.#paths.has(id)) this.#paths.set(id, '')
    return this.seen(id)
  }

  /** Remembers a path read from /proc, to be named after the folder is gone. Returns its id, 0 when unknown. */
  learn(path: string): number {
    if (this.#mount === undefined) return 0
    const id = inode(this.#mount + path)
    if (id !== 0) this.#paths.set(id, path)
    return id
  }

  /** Breadth first, so that a tree beyond the capacity loses its leaves, not its units. */
  #walk(mount: string): void {
    this.#walkedMs = this.#now()
    this.#walks += 1
    const found = ['/']
    for (let at = 0; at < found.length && at < this.#capacity; at += 1) {
      const path = found[at] ?? '/'
      this.learn(path)
      for (const child of folders(mount + path)) found.push(path === '/' ? `/${child}` : `${path}/${child}`)
    }
  }
}

/** v2 at the root itself, or, on a hybrid machine, below `unified`. */
function unifiedMount(root: string): string | undefined {
  if (existsSync(`${root}/cgroup.controllers`)) return root
  return existsSync(`${root}/unified/cgroup.controllers`) ? `${root}/unified` : undefined
}

function folders(path: string): string[] {
  try {
    return readdirSync(path, { withFileTypes: true }).flatMap((entry) =>
      entry.isDirectory() ? entry.name : [],
    )
  } catch {
    return [] // removed since its parent was listed: then it has no children either
  }
}

function inode(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.ino ?? 0
}
