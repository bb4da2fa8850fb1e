/** Renders the chart as helm does. */
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { HELM } from '../../tools/cluster/binaries.ts'

const run = promisify(execFile)

export const CHART = join(import.meta.dirname, '../../charts/accesslog-operator')
export const GOLDENS = join(import.meta.dirname, 'goldens')

/** All objects of a first installation, as YAML. @param args further arguments of `helm template` @throws helm's words */
export async function renderChart(...args: string[]): Promise<string> {
  const fixed = ['--namespace', 'accesslog', '--kube-version', '1.34.0']
  const { stdout } = await run(HELM, ['template', 'accesslog', CHART, ...fixed, ...args])
  return stdout
}

/** Lints as strictly as helm can. @throws helm's words */
export async function lintChart(...args: string[]): Promise<void> {
  await run(HELM, ['lint', '--strict', CHART, ...args])
}
