/** Programs that clusters run; built or linked by `sh tools/setup.sh cluster`, and found here. */
import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { REPOSITORY } from './folders.ts'

export type DaemonName =
  'kube-apiserver' | 'kube-controller-manager' | 'kube-scheduler' | 'kube-proxy' | 'kubelet'

export const KUBECTL = join(REPOSITORY, 'node_modules/.bin/kubectl')
export const HELM = join(REPOSITORY, 'node_modules/.bin/helm')

const folders = new Map<string, string>()

/** Absolute path of a Kubernetes daemon. The first call of all on a machine builds them, which takes minutes. */
export function daemonPath(name: DaemonName): string {
  return join(builtFolder('kubernetes'), name)
}

/** Absolute path of CoreDNS; built like the daemons. */
export function corednsPath(): string {
  return join(builtFolder('coredns'), 'coredns')
}

function builtFolder(module: 'kubernetes' | 'coredns'): string {
  const known = folders.get(module)
  if (known !== undefined) return known
  const folder = execFileSync(join(REPOSITORY, 'tools/build-go.sh'), [module], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  }).trim()
  folders.set(module, folder)
  return folder
}
