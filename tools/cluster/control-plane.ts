/** etcd, the API server, and on request the controllers and the scheduler: what they are told on their command lines. */
import { mkdir } from 'node:fs/promises'
import { readFileSync } from 'node:fs'
import type { IncomingMessage } from 'node:http'
import { request } from 'node:https'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { daemonPath, type DaemonName } from './binaries.ts'
import { Authority, createTokenKeys, type Certificate } from './certificates.ts'
import { Daemon, type DaemonSpec } from './daemon.ts'
import { writeKubeconfig } from './kubeconfig.ts'

export const SERVICE_RANGE = '10.96.0.0/16'
/** First address of the range: the Service `kubernetes`. */
const API_SERVICE_ADDRESS = '10.96.0.1'
const TOKEN_ISSUER = 'https://kubernetes.default.svc.cluster.local'
const ETCD_QUOTA_BYTES = 4 * 1024 ** 3
const ETCD_READY_MS = 20_000
const API_READY_MS = 60_000
const PROBE_DEADLINE_MS = 2_000

/** Where the control plane runs and how it is reached. */
export interface Place {
  cluster: string
  folder: string
  etcdFolder: string
  etcdPort: number
  apiPort: number
  /** Address that daemons of the cluster dial; loopback, unless there is a node. */
  address: string
  /** URL for whoever stands outside: tests, kubectl. */
  url: string
  /** Words before each command; see DaemonSpec. */
  prefix: readonly string[]
  /** Further flags of the API server; they win over those given here. */
  apiFlags: readonly string[]
}

/** Everything that is signed once per cluster. */
export interface Credentials {
  authority: Authority
  admin: Certificate
  server: Certificate
  tokens: { privateFile: string; publicFile: string }
  /** For whoever stands outside, cluster-admin. */
  kubeconfig: string
}

export async function createCredentials(place: Place): Promise<Credentials> {
  const folder = join(place.folder, 'pki')
  const authority = await Authority.create(folder)
  const [admin, server, tokens] = await Promise.all([
    authority.issue('admin', { commonName: 'admin', organization: 'system:masters' }),
    authority.issue('server', { commonName: 'kube-apiserver', alternativeNames: serverNames(place) }),
    createTokenKeys(folder),
  ])
  const kubeconfig = join(place.folder, 'kubeconfig')
  await writeKubeconfig(kubeconfig, place.cluster, place.url, authority, admin)
  return { authority, admin, server, tokens, kubeconfig }
}

function serverNames(place: Place): string[] {
  const names = ['localhost', 'kubernetes', 'kubernetes.default', 'kubernetes.default.svc', 'host.internal']
  const addresses = new Set(['127.0.0.1', place.address, API_SERVICE_ADDRESS])
  return [...names.map((name) => `DNS:${name}`), ...[...addresses].map((address) => `IP:${address}`)]
}

/** Writes the kubeconfig of a daemon whose user is `system:<name>`, as RBAC's built-in bindings expect. */
export async function daemonKubeconfig(
  place: Place,
  { authority }: Credentials,
  name: string,
  subject = { commonName: `system:${name}`, organization: 'accesslog:daemons' },
): Promise<string> {
  const file = join(place.folder, `${name}.kubeconfig`)
  const client = await authority.issue(name, subject)
  await writeKubeconfig(file, place.cluster, `https://${place.address}:${place.apiPort}`, authority, client)
  return file
}

export async function etcd(place: Place): Promise<Daemon> {
  await mkdir(place.etcdFolder, { recursive: true, mode: 0o700 })
  const url = `http://127.0.0.1:${place.etcdPort}`
  // The only member talks to no peer: it listens for them anywhere, and the address that it tells is never dialled.
  const noPeer = 'http://127.0.0.1:1'
  return new Daemon(
    {
      name: 'etcd',
      command: 'etcd',
      prefix: place.prefix,
      args: flags({
        'data-dir': place.etcdFolder,
        'listen-client-urls': url,
        'advertise-client-urls': url,
        'listen-peer-urls': 'http://127.0.0.1:0',
        'initial-advertise-peer-urls': noPeer,
        'initial-cluster': `default=${noPeer}`,
        'quota-backend-bytes': String(ETCD_QUOTA_BYTES),
        'auto-compaction-retention': '5m',
        'log-level': 'warn',
      }),
    },
    place.folder,
  )
}

export function apiServer(place: Place, credentials: Credentials): Daemon {
  return daemon(place, 'kube-apiserver', {
    'etcd-servers': `http://127.0.0.1:${place.etcdPort}`,
    'bind-address': place.address,
    'advertise-address': place.address,
    'secure-port': String(place.apiPort),
    'service-cluster-ip-range': SERVICE_RANGE,
    // The Service `kubernetes` may not have a loopback endpoint.
    'endpoint-reconciler-type': place.address.startsWith('127.') ? 'none' : 'lease',
    'client-ca-file': credentials.authority.certificateFile,
    'tls-cert-file': credentials.server.certificateFile,
    'tls-private-key-file': credentials.server.keyFile,
    'service-account-issuer': TOKEN_ISSUER,
    'service-account-key-file': credentials.tokens.publicFile,
    'service-account-signing-key-file': credentials.tokens.privateFile,
    'authorization-mode': 'Node,RBAC',
    'enable-admission-plugins': 'NodeRestriction',
    'allow-privileged': 'true',
    'kubelet-client-certificate': credentials.admin.certificateFile,
    'kubelet-client-key': credentials.admin.keyFile,
    'kubelet-certificate-authority': credentials.authority.certificateFile,
    'kubelet-preferred-address-types': 'InternalIP',
    profiling: 'false',
  })
}

export async function controllerManager(place: Place, credentials: Credentials): Promise<Daemon> {
  return daemon(place, 'kube-controller-manager', {
    kubeconfig: await daemonKubeconfig(place, credentials, 'kube-controller-manager'),
    'service-account-private-key-file': credentials.tokens.privateFile,
    'root-ca-file': credentials.authority.certificateFile,
    'use-service-account-credentials': 'true',
    'leader-elect': 'false',
    'secure-port': '0',
    // An hour's worth of patience is for clouds: a node that died is seen after seconds.
    'node-monitor-grace-period': '20s',
    profiling: 'false',
  })
}

export async function scheduler(place: Place, credentials: Credentials): Promise<Daemon> {
  return daemon(place, 'kube-scheduler', {
    kubeconfig: await daemonKubeconfig(place, credentials, 'kube-scheduler'),
    'leader-elect': 'false',
    'secure-port': '0',
    profiling: 'false',
  })
}

/** Starts etcd and the API server; returns when it serves and has made the namespaces that every cluster has. */
export async function startControlPlane(
  etcdDaemon: Daemon,
  api: Daemon,
  url: string,
  credentials: Credentials,
): Promise<void> {
  etcdDaemon.start()
  // The API server waits for etcd by itself, so both load at once; etcd's end is told as such.
  api.start()
  await Promise.all([
    etcdDaemon.ready('listening', () => true, ETCD_READY_MS),
    api.ready('serving', () => serves(url, credentials), API_READY_MS),
  ])
}

/** Starts the controllers; returns once they have made the first service account, so that pods can be created. */
export async function startControllers(daemon: Daemon, url: string, credentials: Credentials): Promise<void> {
  const account = `${url}/api/v1/namespaces/default/serviceaccounts/default`
  daemon.start()
  await daemon.ready('service accounts', () => exists(account, credentials), API_READY_MS)
}

/** Whether the API server is ready and has made the namespace `default`, which it does a moment later. */
export async function serves(url: string, credentials: Credentials): Promise<boolean> {
  return (
    (await exists(`${url}/readyz`, credentials)) &&
    (await exists(`${url}/api/v1/namespaces/default`, credentials))
  )
}

/** Body of an answer with status 200, got as cluster-admin; undefined for any other and for none. */
export function get(url: string, { authority, admin }: Credentials): Promise<string | undefined> {
  const { promise, resolve } = Promise.withResolvers<string | undefined>()
  const options = {
    ca: readFileSync(authority.certificateFile),
    cert: readFileSync(admin.certificateFile),
    key: readFileSync(admin.keyFile),
    agent: false,
    signal: AbortSignal.timeout(PROBE_DEADLINE_MS),
  }
  const answered = (response: IncomingMessage) => {
    if (response.statusCode === 200) text(response).then(resolve, () => resolve(undefined))
    else {
      response.resume()
      resolve(undefined)
    }
  }
  request(url, options, answered)
    .once('error', () => resolve(undefined))
    .end()
  return promise
}

/** Whether there is such an object. */
async function exists(url: string, credentials: Credentials): Promise<boolean> {
  return (await get(url, credentials)) !== undefined
}

function daemon(place: Place, name: DaemonName, values: Readonly<Record<string, string>>): Daemon {
  const extra = name === 'kube-apiserver' ? place.apiFlags : []
  const spec: DaemonSpec = {
    name,
    command: daemonPath(name),
    prefix: place.prefix,
    args: [...flags(values), ...extra],
  }
  return new Daemon(spec, place.folder)
}

/** `--name=value` for each. */
export function flags(values: Readonly<Record<string, string>>): string[] {
  return Object.entries(values).map(([name, value]) => `--${name}=${value}`)
}
