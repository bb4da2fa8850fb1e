/** One run of the command line from outside, to its end. */
import type { ExecutionContext } from 'ava'
import { AGENT, NODE, REPOSITORY, withoutSettings } from '../e2e/harness/agent.ts'
import { run } from '../e2e/harness/owned.ts'

export interface Outcome {
  code: number | null
  stdout: string
  stderr: string
}

/** @param prefix a command that runs the agent, for example setpriv with its options */
export async function accesslog(
  args: readonly string[],
  env: NodeJS.ProcessEnv = {},
  prefix: readonly string[] = [],
): Promise<Outcome> {
  const [command = NODE, ...rest] = [...prefix, NODE, AGENT, ...args]
  return run(command, rest, { env: { ...withoutSettings(process.env), ...env }, cwd: REPOSITORY })
}

/** No stack trace, no warning of the runtime: what a user sees is written for users. */
export function isForPeople(t: ExecutionContext, { stdout, stderr }: Outcome): void {
  t.notRegex(stdout + stderr, /^\s+at .+[:(]/m)
  t.notRegex(stderr, /\(node:\d+\)|node:internal|Warning:/)
}
