/** The helper and the kernel, asked from outside. */
import { join } from 'node:path'
import { REPOSITORY } from '../e2e/harness/agent.ts'
import { run } from '../e2e/harness/owned.ts'

export const HELPER = join(REPOSITORY, 'build/accesslog-helper')
export const OBJECT = join(REPOSITORY, 'build/accesslog.bpf.o')

/** One program as `accesslog-helper --check` tells of it. */
export interface CheckedProgram {
  name: string
  hook: string
  status: 'attached' | 'failed' | 'skipped'
  reason: string
  essential: boolean
}

export interface Check {
  kernel: string
  btf: boolean
  taskStorage: boolean
  usable: boolean
  programs: CheckedProgram[]
}

export async function check(): Promise<{ code: number | null; check: Check }> {
  const { code, stdout } = await run(HELPER, ['--check'])
  return { code, check: JSON.parse(stdout) as Check }
}

/** Output of bpftool, which has to succeed. */
export async function bpftool(...args: readonly string[]): Promise<unknown> {
  const { code, stdout, stderr } = await run('bpftool', ['-j', ...args])
  if (code !== 0) throw new Error(`bpftool ${args.join(' ')}: ${stderr || stdout}`)
  return JSON.parse(stdout)
}
