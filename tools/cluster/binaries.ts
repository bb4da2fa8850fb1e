/** Programs that clusters run; built or linked by `sh tools/setup.sh cluster`, and found here. */
import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { REPOSITORY } from './folders.ts'

export type DaemonName =
  'kube-apiserver' | 'kube-controller-manager' | 'kube-scheduler' | 'kube-proxy' | 'kubelet'

export const KUBECTL = join(REPOSITORY, 'node_modules/.bin/kubectl')
export const HELM = join(REPOSITORY, 'node_modules/.bin/helm')

let folder: string | undefined

/** Absolute path of a Kubernetes daemon. The first call of all on a machine builds them, which takes minutes. */
export function daemonPath(name: DaemonName): string {
  folder ??= execFileSync(join(REPOSITORY, 'tools/kubernetes/build.sh'), {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  }).trim()
  return join(folder, name)
}
