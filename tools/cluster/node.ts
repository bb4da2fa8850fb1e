/** A node of the cluster with real pods, and what tests do to it. */
import { get, scheduler, type Credentials, type Place } from './control-plane.ts'
import type { Daemon } from './daemon.ts'
import { coredns } from './dns.ts'
import { kubelet, kubeProxy, NODE_NAME } from './kubelet.ts'
import type { Runtime } from './runtime.ts'
import { enterNamespaces, NODE_ADDRESS, type Sandbox } from './sandbox.ts'

const READY_DEADLINE_MS = 60_000

type Daemons = [kubelet: Daemon, kubeProxy: Daemon, scheduler: Daemon, dns: Daemon]

export class Node {
  readonly name = NODE_NAME
  /** Of the node in the cluster's network; pods reach there what was started with `enter`. */
  readonly address = NODE_ADDRESS
  readonly runtime: Runtime
  readonly kubelet: Daemon
  readonly kubeProxy: Daemon
  readonly scheduler: Daemon
  readonly dns: Daemon
  readonly #sandbox: Sandbox

  private constructor(sandbox: Sandbox, runtime: Runtime, daemons: Daemons) {
    this.#sandbox = sandbox
    this.runtime = runtime
    ;[this.kubelet, this.kubeProxy, this.scheduler, this.dns] = daemons
  }

  /** Starts kubelet, kube-proxy, scheduler and CoreDNS; returns when the node takes pods. */
  static async join(
    place: Place,
    credentials: Credentials,
    sandbox: Sandbox,
    runtime: Runtime,
  ): Promise<Node> {
    const daemons: Daemons = [
      await kubelet(place, credentials),
      await kubeProxy(place, credentials),
      await scheduler(place, credentials),
      await coredns(place, credentials),
    ]
    for (const daemon of daemons) daemon.start()
    await daemons[0].ready('node', () => isReady(place.url, credentials), READY_DEADLINE_MS)
    return new Node(sandbox, runtime, daemons)
  }

  /**
   * Words before a command that run it in the node's mounts and network, for instance a backend that pods talk to at
   * `address`. They become the command, so its process id is the child's. The caller owns and ends it.
   */
  get enter(): readonly string[] {
    return enterNamespaces(this.#sandbox.pid)
  }
}

interface Conditions {
  status?: { conditions?: { type: string; status: string }[] }
}

/** Whether the node is there and says that it is ready. */
async function isReady(url: string, credentials: Credentials): Promise<boolean> {
  const node = JSON.parse((await get(`${url}/api/v1/nodes/${NODE_NAME}`, credentials)) ?? '{}') as Conditions
  return (
    node.status?.conditions?.some(({ type, status: value }) => type === 'Ready' && value === 'True') ?? false
  )
}
