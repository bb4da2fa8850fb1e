/** Real processes in real cgroups, named as container runtimes name them. */
import { existsSync, mkdirSync, rmdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { ExecutionContext } from 'ava'
import { Owned, type OwnedOptions } from '../harness/owned.ts'

/** The v2 hierarchy of this machine, alone or beside v1. */
export const UNIFIED = existsSync('/sys/fs/cgroup/cgroup.controllers')
  ? '/sys/fs/cgroup'
  : '/sys/fs/cgroup/unified'

/** A cgroup that is gone, with the folders above it that were made for it, when the test ends. */
export function putCgroup(t: ExecutionContext, path: string): string {
  const folder = join(UNIFIED, path)
  const made: string[] = []
  for (let at = folder; !existsSync(at); at = dirname(at)) made.push(at)
  mkdirSync(folder, { recursive: true })
  t.teardown(() => {
    for (const one of made) removeIfEmpty(one)
  })
  return folder
}

/** Starts a program in a cgroup: it is there before its first instruction. It ends with the test. */
export function runIn(
  t: ExecutionContext,
  path: string,
  command: string,
  args: readonly string[],
  options: OwnedOptions = {},
): Owned {
  const folder = putCgroup(t, path)
  const script = 'echo $$ > "$1/cgroup.procs" && shift && exec "$@"'
  const owned = new Owned('sh', ['-c', script, 'sh', folder, command, ...args], options)
  t.teardown(() => owned.stop())
  return owned
}

/** Another test may still use a folder above. */
function removeIfEmpty(folder: string): void {
  try {
    rmdirSync(folder)
  } catch {
    // in use, or gone
  }
}
