/** What an agent in a container sees of its node through /proc: the cgroup tree and the node's addresses. */
import { existsSync, readFileSync } from 'node:fs'
import type { ProcessReader } from '../processes.ts'

/**
 * Where the node's cgroup file systems are. In a container, /sys/fs/cgroup shows the container's own part; the root of
 * process 1 shows all of it, given hostPID and SYS_PTRACE.
 * @param procRoot the node's /proc
 */
export function cgroupRoot(procRoot: string): string {
  const ofNode = `${procRoot}/1/root/sys/fs/cgroup`
  const isVisible = ['cgroup.controllers', 'unified/cgroup.controllers'].some((file) =>
    existsSync(`${ofNode}/${file}`),
  )
  return isVisible ? ofNode : '/sys/fs/cgroup'
}

/**
 * All addresses of the network that a process is in, as its /proc/PID/net tells; empty when it may not be read.
 * @param pid the kubelet, or any process in the node's network
 */
export function localAddresses(procRoot: string, pid: number): Set<string> {
  const read = (file: string) => {
    try {
      return readFileSync(`${procRoot}/${pid}/net/${file}`, 'latin1')
    } catch {
      return '' // gone, hidden, or a kernel without IPv6
    }
  }
  return new Set([...ipv4Addresses(read('fib_trie')), ...ipv6Addresses(read('if_inet6'))])
}

/** Of /proc/net/fib_trie: leaves, each an address followed by what it is for; `host LOCAL` is an own address. */
export function ipv4Addresses(fibTrie: string): string[] {
  const found = fibTrie.matchAll(
    /\|-- (\d+\.\d+\.\d+\.\d+)\n(?:\s+\/\d+ (?!host LOCAL).*\n)*\s+\/32 host LOCAL/g,
  )
  return [...new Set([...found].map(([, address = '']) => address))]
}

/** Of /proc/net/if_inet6: 32 hexadecimal digits at the beginning of each line. In the form of RFC 5952. */
export function ipv6Addresses(ifInet6: string): string[] {
  return ifInet6.split('\n').flatMap((line) => {
    const digits = /^[0-9a-f]{32}(?= )/.exec(line)?.[0]
    if (digits === undefined) return []
    const groups = digits.match(/.{4}/g) ?? []
    return new URL(`http://[${groups.join(':')}]`).hostname.slice(1, -1)
  })
}

/** Addresses change seldom, and reading them takes a millisecond. */
const REREAD_MS = 60_000
const KUBELET = 'kubelet'
/** In the node's network unless the node is a container itself. */
const INIT = 1

/** The addresses that a kubelet can speak from: those of the network that it is in. */
export class NodeAddresses {
  readonly #reader: ProcessReader
  readonly #procRoot: string
  readonly #now: () => number
  #read = new Set<string>()
  #readMs = -Infinity

  /** @param now milliseconds of a clock that never goes back */
  constructor(reader: ProcessReader, procRoot: string, now: () => number) {
    this.#reader = reader
    this.#procRoot = procRoot
    this.#now = now
  }

  /** @param known what the pod's status says of its node */
  with(known: readonly string[]): ReadonlySet<string> {
    if (this.#now() - this.#readMs >= REREAD_MS) {
      this.#readMs = this.#now()
      const kubelet = this.#reader.pids().find((pid) => this.#reader.name(pid) === KUBELET)
      this.#read = localAddresses(this.#procRoot, kubelet ?? INIT)
    }
    return new Set([...this.#read, ...known])
  }
}
