/** Builds /proc and cgroup trees out of plain folders and files. */
import { mkdirSync, mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ExecutionContext } from 'ava'

/** A folder that is gone when the test ends. */
export function temporaryFolder(t: ExecutionContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'accesslog-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

export interface FakeProcess {
  parent?: number
  comm?: string
  args?: readonly string[]
  executable?: string
  startTicks?: number
  cgroups?: string
  kernelThread?: boolean
}

/** Writes /proc/PID as the kernel would. */
export function putProcess(root: string, pid: number, process: FakeProcess): void {
  const { parent = 1, comm = 'nginx', args = [comm], startTicks = pid, cgroups = '0::/\n' } = process
  const folder = join(root, String(pid))
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder)
  const flags = process.kernelThread ? 0x20_8040 : 0x40_0100
  const zeros = (count: number) => Array.from({ length: count }, () => 0).join(' ')
  writeFileSync(
    join(folder, 'stat'),
    `${pid} (${comm}) S ${parent} ${zeros(4)} ${flags} ${zeros(12)} ${startTicks} ${zeros(30)}\n`,
  )
  writeFileSync(join(folder, 'comm'), `${comm}\n`)
  writeFileSync(join(folder, 'cmdline'), args.map((argument) => `${argument}\0`).join(''))
  writeFileSync(join(folder, 'cgroup'), cgroups)
  if (process.executable !== undefined) symlinkSync(process.executable, join(folder, 'exe'))
}

export function endProcess(root: string, pid: number): void {
  rmSync(join(root, String(pid)), { recursive: true })
}

/** Makes a v2 mount at `mount` with these cgroups; returns the id of the last. */
export function putCgroups(mount: string, ...paths: readonly string[]): number {
  mkdirSync(mount, { recursive: true })
  writeFileSync(join(mount, 'cgroup.controllers'), 'cpu memory\n')
  for (const path of paths) mkdirSync(join(mount, path), { recursive: true })
  return statSync(join(mount, paths.at(-1) ?? '')).ino
}
