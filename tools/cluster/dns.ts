/** CoreDNS at the node's address: pods ask it for names of Services. It knows no other names, and nobody to ask. */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { corednsPath } from './binaries.ts'
import { daemonKubeconfig, type Credentials, type Place } from './control-plane.ts'
import { Daemon } from './daemon.ts'
import { NODE_ADDRESS } from './sandbox.ts'

export const CLUSTER_DOMAIN = 'cluster.local'

export async function coredns(place: Place, credentials: Credentials): Promise<Daemon> {
  // No role that every cluster has lets a DNS server read what this one does.
  const subject = { commonName: 'coredns', organization: 'system:masters' }
  const kubeconfig = await daemonKubeconfig(place, credentials, 'coredns', subject)
  const config = join(place.folder, 'Corefile')
  await writeFile(
    config,
    `.:53 {
  bind ${NODE_ADDRESS}
  errors
  kubernetes ${CLUSTER_DOMAIN} {
    kubeconfig ${kubeconfig}
    ttl 1
  }
}
`,
  )
  const args = ['-conf', config]
  return new Daemon({ name: 'coredns', command: corednsPath(), args, prefix: place.prefix }, place.folder)
}
