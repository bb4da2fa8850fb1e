/** A real cluster on this machine: up, down, and what stands between. */
import { execFile } from 'node:child_process'
import { pauseImage } from '../images/pause.ts'
import { HELM, KUBECTL } from './binaries.ts'
import {
  apiServer,
  controllerManager,
  createCredentials,
  etcd,
  serves,
  startControllers,
  startControlPlane,
  type Credentials,
  type Place,
} from './control-plane.ts'
import { createCgroup, destroyCgroup } from './cgroup.ts'
import type { Daemon } from './daemon.ts'
import { CLUSTER_NAME, etcdFolder } from './folders.ts'
import { openGate } from './gate.ts'
import { Node } from './node.ts'
import { claimPort } from './ports.ts'
import { PAUSE_IMAGE, Runtime } from './runtime.ts'
import { NODE_ADDRESS, Sandbox } from './sandbox.ts'
import { claimFolder, find, killDaemons, removeState, writeState } from './state.ts'

const NODE_API_PORT = 6443
const RECOVERY_DEADLINE_MS = 60_000
const OUTPUT_MAX_BYTES = 64 * 1024 * 1024

export interface ClusterOptions {
  /** Of its folder, kubeconfig context and cgroup. At most 30 characters: small letters, digits, `-`. */
  name: string
  /** Run kube-controller-manager: owners' garbage collection, service accounts of new namespaces, Deployments… */
  controllers?: boolean
  /** A node with real pods, and with it controllers and scheduler; takes root. */
  node?: boolean
  /** Image archives for the node. */
  images?: readonly string[]
  /** Further flags of the API server. */
  apiFlags?: readonly string[]
}

export interface Output {
  stdout: string
  stderr: string
}

export class Cluster {
  readonly name: string
  /** Of the API server, from outside; its certificate is of the cluster's own authority. */
  readonly url: string
  /** File with cluster-admin's credentials. */
  readonly kubeconfig: string
  /** PEM file of the authority that signed the API server's certificate. */
  readonly authorityFile: string
  readonly etcd: Daemon
  readonly apiServer: Daemon
  readonly controllerManager: Daemon | undefined
  /** Its node, when it has one. */
  readonly node: Node | undefined
  readonly #credentials: Credentials

  private constructor(place: Place, credentials: Credentials, daemons: ControlPlane, node?: Node) {
    this.name = place.cluster
    this.url = place.url
    this.kubeconfig = credentials.kubeconfig
    this.authorityFile = credentials.authority.certificateFile
    this.etcd = daemons.etcd
    this.apiServer = daemons.apiServer
    this.controllerManager = daemons.controllerManager
    this.node = node
    this.#credentials = credentials
  }

  /** Starts a cluster and returns when it serves. What a failed start leaves is taken down. @throws when it is there */
  static async up(options: ClusterOptions): Promise<Cluster> {
    checkName(options.name)
    const folder = await claimFolder(options.name)
    try {
      return await Cluster.#start(options, folder)
    } catch (error) {
      await down(options.name)
      throw error
    }
  }

  static async #start(options: ClusterOptions, folder: string): Promise<Cluster> {
    const sandbox = options.node ? await createSandbox(options.name, folder) : undefined
    const place = await choosePlace(options, folder, sandbox)
    const credentials = await createCredentials(place)
    const runtime = sandbox && startRuntime(folder, sandbox, options.images ?? [])
    const controllers = (options.controllers ?? false) || options.node === true
    const daemons: ControlPlane = {
      etcd: await etcd(place),
      apiServer: apiServer(place, credentials),
      controllerManager: controllers ? await controllerManager(place, credentials) : undefined,
    }
    await startControlPlane(daemons.etcd, daemons.apiServer, place.url, credentials)
    if (daemons.controllerManager) await startControllers(daemons.controllerManager, place.url, credentials)
    const node = sandbox && runtime && (await Node.join(place, credentials, sandbox, await runtime))
    const { url } = place
    const { kubeconfig } = credentials
    await writeState(place.cluster, { url, kubeconfig, node: node !== undefined, controllers })
    return new Cluster(place, credentials, daemons, node)
  }

  /** Starts the API server again after `apiServer.stop()` or `kill9()`, at the same port; returns when it serves. */
  async restartApiServer(): Promise<void> {
    if (!this.apiServer.alive) this.apiServer.start()
    await this.apiServer.ready('serving', () => serves(this.url, this.#credentials), RECOVERY_DEADLINE_MS)
  }

  /** Runs kubectl as cluster-admin. @param input its standard input @throws with its words when it fails */
  kubectl(args: readonly string[], input = ''): Promise<Output> {
    return this.#run(KUBECTL, args, input)
  }

  /** Runs helm as cluster-admin. @throws with its words when it fails */
  helm(args: readonly string[]): Promise<Output> {
    return this.#run(HELM, args, '')
  }

  /** Ends everything that belongs to the cluster and removes its data. Harmless when it is down. */
  async stop(): Promise<void> {
    await down(this.name)
  }

  #run(command: string, args: readonly string[], input: string): Promise<Output> {
    const { promise, resolve, reject } = Promise.withResolvers<Output>()
    const env = { ...process.env, KUBECONFIG: this.kubeconfig }
    const child = execFile(command, args, { env, maxBuffer: OUTPUT_MAX_BYTES }, (error, stdout, stderr) => {
      if (error === null) resolve({ stdout, stderr })
      else reject(new Error(`${args.join(' ')}: ${stderr.trim() || error.message}`))
    })
    child.stdin?.on('error', () => {}) // a command may end without reading; its exit code tells
    child.stdin?.end(input)
    return promise
  }
}

interface ControlPlane {
  etcd: Daemon
  apiServer: Daemon
  controllerManager: Daemon | undefined
}

/** Ends everything that belongs to the cluster and removes its data. @returns whether there was anything */
export async function down(name: string): Promise<boolean> {
  checkName(name)
  if ((await find(name)).is === 'absent') return false
  await killDaemons(name)
  await destroyCgroup(name)
  await removeState(name)
  return true
}

function checkName(name: string): void {
  if (!CLUSTER_NAME.test(name))
    throw new Error(
      `"${name}" is no name of a cluster: at most 30 small letters, digits and "-", not at the ends`,
    )
}

async function createSandbox(name: string, folder: string): Promise<Sandbox> {
  if (process.getuid?.() !== 0) throw new Error('a node takes root: it makes namespaces, cgroups and mounts')
  createCgroup(name)
  return Sandbox.create(name, folder)
}

/** Starts containerd and gives it its images, while the control plane starts. */
async function startRuntime(folder: string, sandbox: Sandbox, images: readonly string[]): Promise<Runtime> {
  const runtime = await Runtime.start(folder, sandbox.prefix)
  for (const archive of [await pauseImage(PAUSE_IMAGE), ...images]) await runtime.importImage(archive)
  return runtime
}

/** A control plane on this machine's loopback interface, or in the network of a node with a gate to it. */
async function choosePlace(options: ClusterOptions, folder: string, sandbox?: Sandbox): Promise<Place> {
  const port = await claimPort(options.name)
  const place = {
    cluster: options.name,
    folder,
    etcdFolder: etcdFolder(options.name),
    url: `https://127.0.0.1:${port}`,
    apiFlags: options.apiFlags ?? [],
  }
  if (!sandbox) {
    const etcdPort = await claimPort(options.name)
    return { ...place, etcdPort, apiPort: port, address: '127.0.0.1', prefix: [] }
  }
  await openGate(port, { address: NODE_ADDRESS, port: NODE_API_PORT }, sandbox.prefix, folder)
  return { ...place, etcdPort: 2379, apiPort: NODE_API_PORT, address: NODE_ADDRESS, prefix: sandbox.prefix }
}
