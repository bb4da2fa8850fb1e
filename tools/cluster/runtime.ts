/** containerd and runc in a node's sandbox, and the network of pods: each has an interface of its own, routed, not bridged. */
import { execFile } from 'node:child_process'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { Daemon } from './daemon.ts'

const run = promisify(execFile)

export const POD_RANGE = '10.88.0.0/24'
export const PAUSE_IMAGE = 'localhost/pause:1'
/** Where every containerd has it; in the sandbox /run is its own. */
export const CONTAINERD_SOCKET = '/run/containerd/containerd.sock'
const READY_DEADLINE_MS = 20_000

/** Lowering oom_score_adj takes CAP_SYS_RESOURCE, which root of a container or small machine may lack. */
const containerdConfig = (folder: string) => `
version = 2
root = "${folder}/root"
state = "/run/containerd/state"
[grpc]
  address = "${CONTAINERD_SOCKET}"
[plugins."io.containerd.internal.v1.opt"]
  path = "${folder}/opt"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "${PAUSE_IMAGE}"
  restrict_oom_score_adj = true
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "/usr/lib/cni"
    conf_dir = "${folder}/cni"
  [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
    runtime_type = "io.containerd.runc.v2"
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
      SystemdCgroup = false
`

/** Routed, so that answers pass the node's address translation also between two pods of the node. */
const cniConfig = {
  cniVersion: '1.0.0',
  name: 'pods',
  plugins: [
    {
      type: 'ptp',
      ipam: {
        type: 'host-local',
        dataDir: '/run/cni',
        ranges: [[{ subnet: POD_RANGE }]],
        routes: [{ dst: '0.0.0.0/0' }],
      },
    },
    { type: 'portmap', capabilities: { portMappings: true } },
  ],
}

export class Runtime {
  readonly daemon: Daemon
  readonly #prefix: readonly string[]

  private constructor(daemon: Daemon, prefix: readonly string[]) {
    this.daemon = daemon
    this.#prefix = prefix
  }

  /** Starts containerd. @param folder the cluster's @param prefix words of the sandbox */
  static async start(folder: string, prefix: readonly string[]): Promise<Runtime> {
    const own = join(folder, 'containerd')
    await mkdir(join(own, 'cni'), { recursive: true })
    const config = join(own, 'config.toml')
    await writeFile(config, containerdConfig(own))
    await writeFile(join(own, 'cni/10-pods.conflist'), JSON.stringify(cniConfig))
    const args = ['--config', config, '--log-level', 'warn']
    const daemon = new Daemon({ name: 'containerd', command: 'containerd', args, prefix }, folder)
    const runtime = new Runtime(daemon, prefix)
    daemon.start()
    await daemon.ready('serving', () => runtime.#serves(), READY_DEADLINE_MS)
    return runtime
  }

  /** Imports the images of an archive; pods use them with imagePullPolicy Never. @throws with ctr's words */
  async importImage(file: string): Promise<void> {
    await this.#ctr(['--namespace', 'k8s.io', 'images', 'import', file])
  }

  async #serves(): Promise<boolean> {
    return this.#ctr(['version']).then(
      () => true,
      () => false,
    )
  }

  async #ctr(args: readonly string[]): Promise<void> {
    const [program, ...words] = [...this.#prefix, 'ctr', ...args] as [string, ...string[]]
    await run(program, words)
  }
}
