/**
 * The namespaces that a node lives in: mounts and network of its own, processes shared with the machine, because BPF
 * programs see the machine's ids. No interface leads out: what runs in it reaches itself only.
 */
import { execFile } from 'node:child_process'
import { readlink } from 'node:fs/promises'
import { promisify } from 'node:util'
import { enterCgroup } from './cgroup.ts'
import { Daemon, SYSTEM_ENVIRONMENT } from './daemon.ts'

const run = promisify(execFile)
const READY_DEADLINE_MS = 5_000

/** The node's address, from a range that is for documentation and so nobody's. */
export const NODE_ADDRESS = '198.51.100.1'
const NODE_GATEWAY = '198.51.100.254'

/**
 * Every path that daemons write to and that the machine has too is mounted over. The kubelet sets three sysctls of the
 * whole machine; it gets copies. A pair of interfaces carries the address, because not every kernel has dummies, and
 * the default route makes service addresses routable until kube-proxy's rules rewrite them.
 */
const SETUP = `
mount --make-rshared /
for path in /run /var/log; do mount -t tmpfs -o mode=755 tmpfs "$path"; done
for path in /var/lib/kubelet /var/lib/cni; do mkdir -p "$path"; mount -t tmpfs -o mode=755 tmpfs "$path"; done
mkdir -p /run/netns /run/lock /run/containerd
for name in vm/overcommit_memory kernel/panic kernel/panic_on_oops; do
  copy=$1/sysctl-$(basename "$name")
  cat "/proc/sys/$name" >"$copy"
  mount --bind "$copy" "/proc/sys/$name"
done
ip link set lo up
ip link add node0 type veth peer name node1
ip address add ${NODE_ADDRESS}/24 dev node0
ip link set node0 up
ip link set node1 up
ip route add default via ${NODE_GATEWAY} dev node0
echo 1 >/proc/sys/net/ipv4/ip_forward
`

export class Sandbox {
  /** Words that run a command in the namespaces and in the daemons' cgroup; the process id stays. */
  readonly prefix: readonly string[]
  readonly #holder: Daemon

  private constructor(holder: Daemon, cluster: string, pid: number) {
    this.#holder = holder
    this.prefix = [...enterCgroup(cluster), ...enterNamespaces(pid)]
  }

  /** Makes the namespaces; they last as long as the process that holds them. The cgroup must be there. */
  static async create(cluster: string, folder: string): Promise<Sandbox> {
    const args = ['--mount', '--net', '--propagation', 'private', 'sleep', 'infinity']
    const holder = new Daemon(
      { name: 'namespaces', command: 'unshare', args, prefix: enterCgroup(cluster) },
      folder,
    )
    holder.start()
    const pid = holder.id?.pid ?? 0
    const ours = await readlink('/proc/self/ns/net')
    const theirs = () => readlink(`/proc/${pid}/ns/net`).catch(() => ours)
    await holder.ready('namespaces', async () => (await theirs()) !== ours, READY_DEADLINE_MS)
    const [program, ...words] = enterNamespaces(pid) as [string, ...string[]]
    await run(program, [...words, 'sh', '-euc', SETUP, 'sh', folder], { env: SYSTEM_ENVIRONMENT })
    return new Sandbox(holder, cluster, pid)
  }

  /** Process whose namespaces these are. */
  get pid(): number {
    return this.#holder.id?.pid ?? 0
  }
}

/** Words that run a command in the namespaces of a process, and then become it. */
export function enterNamespaces(pid: number): string[] {
  return ['nsenter', '--target', String(pid), '--mount', '--net', '--']
}
