/** Who talks to whom: names of both ends of each conversation, asked for once, waited for with patience. */
import type { Workload, WorkloadHint } from '../workloads/workload.ts'
import type { Conversation, ProbesOfPod } from './conversation.ts'
import { RemoteNames } from './remote.ts'
import { Waiting } from './waiting.ts'

/** What is asked of the rest of the agent. */
export interface NameRequests {
  /** Who is this process? Answered by `identified`. */
  identify(pid: number, hint: WorkloadHint): void
  /** Whose is this address? Answered by `located`. Undefined: nobody can be asked. */
  locate?: (address: string, port: number) => void
}

/** The answer to `identify`. */
export interface Identity {
  workload: Workload | null
  /** The rule that filters the process, if one does. */
  filteredBy: string | undefined
  /** Probes that are filtered as `exclude_probes`; undefined: they are logged like all requests. */
  probes?: ProbesOfPod
}

/** One per shard. */
export class Names {
  readonly #requests: NameRequests
  readonly #identities = new Map<number, Identity>()
  readonly #unnamed = new Waiting<number>()
  readonly #remotes: RemoteNames | undefined
  /** Flushes that a conversation waits before it goes without; may be changed. */
  patienceFlushes: number

  constructor(requests: NameRequests, patienceFlushes: number) {
    this.#requests = requests
    this.#remotes = requests.locate && new RemoteNames(requests.locate)
    this.patienceFlushes = patienceFlushes
  }

  /** Everybody who was asked for has been named. */
  get areKnown(): boolean {
    return this.#unnamed.size === 0 && (this.#remotes?.waiting ?? 0) === 0
  }

  /** Remote addresses are asked for: what an address says may still give way to an end that is met here. */
  get asksForRemotes(): boolean {
    return this.#remotes !== undefined
  }

  /** Names the process, now or when the answer comes. */
  identify(conversation: Conversation): void {
    const { pid, comm, cgroupId } = conversation.facts
    const known = this.#identities.get(pid)
    if (known !== undefined) return name(conversation, known)
    const isNew = this.#unnamed.add(pid, conversation, this.patienceFlushes)
    if (isNew) this.#requests.identify(pid, { comm, cgroupId })
  }

  /** Names the other end, where it is not met on this machine. */
  locate(conversation: Conversation): void {
    if (conversation.peer === undefined) this.#remotes?.ask(conversation, this.patienceFlushes)
  }

  identified(pid: number, identity: Identity): void {
    this.#identities.set(pid, identity)
    for (const conversation of this.#unnamed.take(pid)) name(conversation, identity)
  }

  /** The process is called otherwise, or has another rule, in these open conversations as well. */
  renamed(pid: number, identity: Identity, open: Iterable<Conversation>): void {
    if (this.#unnamed.has(pid)) return
    this.#identities.set(pid, identity)
    for (const conversation of open) if (conversation.facts.pid === pid) name(conversation, identity)
  }

  located(address: string, port: number, workload: Workload | null): void {
    this.#remotes?.located(address, port, workload)
  }

  /** The process ended or became another program: the next connection asks again. */
  forget(pid: number): void {
    this.#identities.delete(pid)
  }

  /**
   * A name that does not come must not hold back logs for ever. When it comes, the logs that follow have it.
   * To be called at each flush that is due. @param force nobody waits any longer
   */
  loosePatience(force: boolean): void {
    this.#remotes?.loosePatience(force)
    this.#unnamed.loosePatience(force, (conversation) => (conversation.workload ??= null))
  }
}

/** Names of either end are still asked for; a log that goes out now would miss them. */
export function isUnnamed({ workload, peer, remote }: Conversation): boolean {
  if (workload === undefined) return true
  return peer === undefined ? remote === undefined : peer.workload === undefined
}

function name(conversation: Conversation, identity: Identity): void {
  conversation.workload = identity.workload
  conversation.filteredBy = identity.filteredBy
  conversation.probes = identity.probes
}
