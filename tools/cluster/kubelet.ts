/** kubelet and kube-proxy: what they are told in their configuration files. */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { stringify } from 'yaml'
import { daemonPath } from './binaries.ts'
import { cgroupName } from './cgroup.ts'
import { daemonKubeconfig, flags, type Credentials, type Place } from './control-plane.ts'
import { Daemon } from './daemon.ts'
import { CLUSTER_DOMAIN } from './dns.ts'
import { CONTAINERD_SOCKET, POD_RANGE } from './runtime.ts'
import { NODE_ADDRESS } from './sandbox.ts'

/** Name of the node; the kubelet's certificate is for it. */
export const NODE_NAME = 'node-1'

export async function kubelet(place: Place, credentials: Credentials): Promise<Daemon> {
  const subject = { commonName: `system:node:${NODE_NAME}`, organization: 'system:nodes' }
  const kubeconfig = await daemonKubeconfig(place, credentials, 'kubelet', subject)
  const server = await credentials.authority.issue('kubelet-server', {
    commonName: NODE_NAME,
    alternativeNames: [`DNS:${NODE_NAME}`, `IP:${NODE_ADDRESS}`],
  })
  const config = await writeConfig(place, 'kubelet', {
    apiVersion: 'kubelet.config.k8s.io/v1beta1',
    kind: 'KubeletConfiguration',
    authentication: {
      anonymous: { enabled: false },
      webhook: { enabled: true },
      x509: { clientCAFile: credentials.authority.certificateFile },
    },
    authorization: { mode: 'Webhook' },
    tlsCertFile: server.certificateFile,
    tlsPrivateKeyFile: server.keyFile,
    containerRuntimeEndpoint: `unix://${CONTAINERD_SOCKET}`,
    cgroupDriver: 'cgroupfs',
    cgroupRoot: `/${cgroupName(place.cluster)}`,
    failSwapOn: false,
    failCgroupV1: false,
    resolvConf: '',
    clusterDNS: [NODE_ADDRESS],
    clusterDomain: CLUSTER_DOMAIN,
    makeIPTablesUtilChains: false,
    // The machine's disk and memory are not the node's to judge: it would evict pods of a test.
    evictionHard: { 'memory.available': '50Mi', 'nodefs.available': '1%', 'imagefs.available': '1%' },
    imageGCHighThresholdPercent: 100,
    readOnlyPort: 0,
    nodeStatusUpdateFrequency: '5s',
    serializeImagePulls: false,
  })
  return daemon(place, 'kubelet', {
    config,
    kubeconfig,
    'node-ip': NODE_ADDRESS,
    'hostname-override': NODE_NAME,
  })
}

export async function kubeProxy(place: Place, credentials: Credentials): Promise<Daemon> {
  const config = await writeConfig(place, 'kube-proxy', {
    apiVersion: 'kubeproxy.config.k8s.io/v1alpha1',
    kind: 'KubeProxyConfiguration',
    clientConnection: { kubeconfig: await daemonKubeconfig(place, credentials, 'kube-proxy') },
    mode: 'nftables',
    clusterCIDR: POD_RANGE,
    hostnameOverride: NODE_NAME,
    metricsBindAddress: '127.0.0.1:10249',
    // Sizes of the conntrack table belong to the machine.
    conntrack: { maxPerCore: 0, min: 0 },
  })
  return daemon(place, 'kube-proxy', { config })
}

async function writeConfig(place: Place, name: string, config: object): Promise<string> {
  const file = join(place.folder, `${name}.yaml`)
  await writeFile(file, stringify(config))
  return file
}

function daemon(place: Place, name: 'kubelet' | 'kube-proxy', values: Record<string, string>): Daemon {
  return new Daemon(
    { name, command: daemonPath(name), args: flags(values), prefix: place.prefix },
    place.folder,
  )
}
