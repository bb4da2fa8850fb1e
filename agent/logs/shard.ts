/**
 * One analyzer shard: batches of records in, flushed logs out. Pure but for what it is given; a worker thread is
 * its edge. Everything it counts obeys operations = logged + filtered + pending.
 */
import type { ConnectionFacts, Role } from '../connections/connection.ts'
import { EndpointIndex } from '../connections/endpoints.ts'
import type { ChunkWalk } from '../connections/walk.ts'
import { type ConnectionListener, ConnectionReader, type Operation } from '../connections/reader.ts'
import { type Analyzer, type Exchange, REQUEST, RESPONSE, type StreamName } from '../protocols/analyzer.ts'
import { detect } from '../protocols/list.ts'
import type { Workload, WorkloadHint } from '../workloads/workload.ts'
import { isProbe } from '../workloads/kubernetes/probes.ts'
import { Conversation, type ProbesOfPod } from './conversation.ts'
import { RemoteNames } from './remote.ts'
import type { KernelLogKind, LogEntry } from './model.ts'
import { type Flushed, type ShardOutputs, logsIn } from './outputs.ts'
import { type ShardTally, emptyTally } from './tally.ts'
import { viewOf } from './view.ts'

/** What a shard asks of the rest of the agent. */
export interface ShardRequests {
  /** Who is this process? Answered by `identified`. */
  identify(pid: number, hint: WorkloadHint): void
  /** Whose is this address? Answered by `located`. Undefined: nobody can be asked. */
  locate?: (address: string, port: number) => void
  /** Nothing reads the payload of this connection any more. */
  mute(sock: bigint, connection: number): void
}

export interface ShardOptions {
  outputs: ShardOutputs
  requests: ShardRequests
  /** Limit of a message head; the capture limit. */
  headBytesMax: number
  /** Ends remembered to name the peers of local connections. */
  endpointsMax: number
  /** Flushes, those before their time not counted, that a conversation waits for its names before it goes without. */
  patienceFlushes: number
}

/** The answer to `identify`. */
export interface Identity {
  workload: Workload | null
  /** The rule that filters the process, if one does. */
  filteredBy: string | undefined
  /** Probes that are filtered as `exclude_probes`; undefined: they are logged like all requests. */
  probes?: ProbesOfPod
}

export class Shard implements ConnectionListener<Conversation> {
  readonly tally: ShardTally = emptyTally()
  readonly #options: ShardOptions
  readonly #reader = new ConnectionReader<Conversation>(this)
  readonly #endpoints: EndpointIndex<Conversation>
  readonly #identities = new Map<number, Identity>()
  readonly #unnamed = new Map<number, { conversations: Conversation[]; patience: number }>()
  readonly #remotes: RemoteNames | undefined
  /** As in the options; may be changed. */
  patienceFlushes: number
  #dirty: Conversation[] = []
  /** Logs of exchanges that wait for names, and of those that are staged. */
  #keptLogs = 0
  #stagedLogs = 0

  constructor(options: ShardOptions) {
    this.#options = options
    this.#endpoints = new EndpointIndex(options.endpointsMax)
    const { locate } = options.requests
    this.#remotes = locate && new RemoteNames(locate)
    this.patienceFlushes = options.patienceFlushes
  }

  /** Logs that wait for a flush, or connections that have something to flush, whichever is more. */
  get waiting(): number {
    return Math.max(this.#keptLogs + this.#stagedLogs, this.#dirty.length)
  }

  /** Every process that was asked for has been named. */
  get isNamed(): boolean {
    return this.#unnamed.size === 0 && (this.#remotes?.waiting ?? 0) === 0
  }

  read(batch: Uint8Array): void {
    this.#reader.read(batch)
    const { records, malformed, lost, connections } = this.#reader.counters
    Object.assign(this.tally, { records, recordsMalformed: malformed, recordsLost: lost, connections })
  }

  /** The helper began a new life: its ids start anew. */
  reset(): void {
    this.#reader.reset()
  }

  identified(pid: number, identity: Identity): void {
    this.#identities.set(pid, identity)
    for (const conversation of this.#unnamed.get(pid)?.conversations ?? []) name(conversation, identity)
    this.#unnamed.delete(pid)
  }

  /** The process is called otherwise, or has another rule, on connections that are open as well. */
  renamed(pid: number, identity: Identity): void {
    if (this.#unnamed.has(pid)) return
    this.#identities.set(pid, identity)
    for (const { facts, next } of this.#reader.connections()) if (facts.pid === pid) name(next, identity)
  }

  located(address: string, port: number, workload: Workload | null): void {
    this.#remotes?.located(address, port, workload)
  }

  /** The process ended or became another program: the next connection asks again. */
  forget(pid: number): void {
    this.#identities.delete(pid)
  }

  /**
   * @param force also what waits for an exchange or for a name; for the end
   * @param isDue false: before its time, because much waits; names may still come
   */
  flush(force: boolean, isDue = true): Flushed {
    if (force) this.#settleAll()
    if (isDue) this.#loosePatience(force)
    const dirty = this.#dirty
    this.#dirty = []
    for (const conversation of dirty) this.#flushOne(conversation, force)
    this.#stagedLogs = 0
    return this.#options.outputs.take()
  }

  opened(facts: ConnectionFacts, role: Role): Conversation {
    const conversation = new Conversation(facts, role)
    this.#identify(conversation)
    // An end that never was connected must not be met by a later connection between the same ports.
    if (facts.success) this.#endpoints.add(conversation)
    if (conversation.peer === undefined) this.#remotes?.ask(conversation, this.patienceFlushes)
    const { origin, startNs, endNs, success } = facts
    if (origin === 'connect' || origin === 'accept')
      this.#addLifeEvent(conversation, origin, startNs, endNs, success)
    return conversation
  }

  operation(conversation: Conversation, operation: Operation): void {
    this.#count(operation.direction === 0 ? 'read' : 'write', operation.count)
    conversation.addOperation(operation)
    this.#touch(conversation)
  }

  bytes(
    conversation: Conversation,
    direction: number,
    chunk: Uint8Array,
    begin: number,
    end: number,
    call: Operation,
  ): void {
    const analyzer = conversation.analyzer ?? this.#choose(conversation, direction, chunk, begin, end)
    if (analyzer === undefined) return
    analyzer.bytes(streamOf(conversation, direction), chunk, begin, end, call.startNs, call.endNs)
    if (analyzer.tunnel) this.#mute(conversation)
  }

  gap(
    conversation: Conversation,
    direction: number,
    lengthBytes: number,
    startNs: number,
    endNs: number,
    walk: ChunkWalk | undefined,
  ): void {
    conversation.analyzer?.gap(streamOf(conversation, direction), lengthBytes, startNs, endNs, walk)
  }

  closed(
    conversation: Conversation,
    operation: { startNs: number; endNs: number; success: boolean } | undefined,
  ): void {
    const endNs = operation?.endNs ?? conversation.facts.endNs
    if (operation !== undefined) {
      this.#addLifeEvent(conversation, 'close', operation.startNs, endNs, operation.success)
    }
    conversation.analyzer?.close(endNs)
    // The index may hold it a little longer, and its partner as long as that lives.
    conversation.analyzer = undefined
    conversation.closed = true
    if (conversation.facts.success) this.#endpoints.close(conversation)
    this.#touch(conversation)
  }

  #addLifeEvent(
    conversation: Conversation,
    kind: KernelLogKind,
    startNs: number,
    endNs: number,
    success: boolean,
  ) {
    this.#count(kind, 1)
    conversation.addLifeEvent(kind, startNs, endNs, success)
    this.#touch(conversation)
  }

  #count(kind: KernelLogKind, many: number): void {
    this.tally.operations[kind] += many
    this.tally.operationsPending += many
  }

  #touch(conversation: Conversation): void {
    if (conversation.dirty) return
    conversation.dirty = true
    this.#dirty.push(conversation)
  }

  #identify(conversation: Conversation): void {
    const { pid, comm, cgroupId } = conversation.facts
    const known = this.#identities.get(pid)
    if (known !== undefined) return name(conversation, known)
    const waiting = this.#unnamed.get(pid)
    if (waiting !== undefined) return void waiting.conversations.push(conversation)
    this.#unnamed.set(pid, { conversations: [conversation], patience: this.patienceFlushes })
    this.#options.requests.identify(pid, { comm, cgroupId })
  }

  /** The first captured bytes of a connection choose its analyzer, and correct the role that a backlog suggested. */
  #choose(
    conversation: Conversation,
    direction: number,
    chunk: Uint8Array,
    begin: number,
    end: number,
  ): Analyzer | undefined {
    if (conversation.muted) return undefined
    const found = detect(chunk, begin, end)
    if (found === undefined) {
      this.#mute(conversation)
      return undefined
    }
    if (found.stream !== undefined) conversation.role = roleOf(direction, found.stream)
    conversation.analyzer = found.create((exchange) => this.#finish(conversation, exchange), {
      side: conversation.role,
      headBytesMax: this.#options.headBytesMax,
    })
    return conversation.analyzer
  }

  #mute(conversation: Conversation): void {
    if (conversation.muted) return
    conversation.muted = true
    this.tally.connectionsMuted++
    this.#options.requests.mute(conversation.facts.sock, conversation.facts.id)
  }

  #finish(conversation: Conversation, exchange: Exchange): void {
    this.tally.exchanges++
    if (exchange.incomplete.length > 0) this.tally.exchangesIncomplete++
    const entry = conversation.finish(exchange)
    if (this.#stage(conversation, entry)) this.#stagedLogs += logsIn(entry)
    else {
      conversation.entries.push(entry)
      this.#keptLogs += logsIn(entry)
    }
    this.#touch(conversation)
  }

  /** Encodes at once what needs no more names and is not filtered. False: the entry has to be kept. */
  #stage(conversation: Conversation, entry: LogEntry): boolean {
    if (conversation.entries.length > 0 || isUnnamed(conversation)) return false
    if (conversation.filteredBy !== undefined || conversation.probes !== undefined) return false
    const isStaged = this.#options.outputs.stage(conversation, viewOf(conversation), entry)
    if (isStaged) this.#countLogs(entry)
    return isStaged
  }

  /** A name that does not come must not hold back logs for ever. When it comes, the logs that follow have it. */
  #loosePatience(force: boolean): void {
    this.#remotes?.loosePatience(force)
    for (const waiting of this.#unnamed.values()) {
      if (!force && waiting.patience-- > 0) continue
      for (const conversation of waiting.conversations) conversation.workload ??= null
    }
  }

  #settleAll(): void {
    for (const { next } of this.#reader.connections()) {
      next.analyzer?.close(next.kernelLogs.at(-1)?.endNs ?? 0, false)
      next.settle(true)
      this.#touch(next)
    }
  }

  #flushOne(conversation: Conversation, force: boolean): void {
    conversation.dirty = false
    if (conversation.staged.length > 0) this.#options.outputs.writeStaged(conversation, viewOf(conversation))
    if (isUnnamed(conversation)) return this.#touch(conversation)
    conversation.settle(force)
    if (conversation.entries.length === 0) return
    const { entries, filteredBy } = conversation
    conversation.entries = []
    const view = viewOf(conversation)
    for (const entry of entries) {
      if (entry.exchange !== undefined) this.#keptLogs -= logsIn(entry)
      const rule = filteredBy ?? probeRule(conversation, entry)
      if (rule !== undefined) this.#filter(rule, entry)
      else {
        this.#options.outputs.write(conversation, view, entry)
        this.#countLogs(entry)
      }
    }
  }

  #countLogs({ kernelLogs, exchange }: LogEntry): void {
    for (const log of kernelLogs) {
      this.tally.logs[log.kind]++
      this.tally.operationsLogged += log.count
      this.tally.operationsPending -= log.count
    }
    if (exchange !== undefined) this.tally.logs.http++
  }

  #filter(rule: string, entry: LogEntry): void {
    const { operationsFiltered, exchangesFiltered } = this.tally
    for (const { count } of entry.kernelLogs) {
      operationsFiltered[rule] = (operationsFiltered[rule] ?? 0) + count
      this.tally.operationsPending -= count
    }
    if (entry.exchange !== undefined) exchangesFiltered[rule] = (exchangesFiltered[rule] ?? 0) + 1
  }
}

function name(conversation: Conversation, identity: Identity): void {
  conversation.workload = identity.workload
  conversation.filteredBy = identity.filteredBy
  conversation.probes = identity.probes
}

/** Probes are requests from the node, and connections from it on which nothing was said or nothing but probes. */
function probeRule(conversation: Conversation, { exchange, kernelLogs }: LogEntry): string | undefined {
  const { probes, role, facts } = conversation
  if (probes === undefined || role !== 'server') return undefined
  if (exchange === undefined && conversation.speaksHttp)
    return conversation.probed ? 'exclude_probes' : undefined
  if (exchange === undefined && kernelLogs.some(({ bytes }) => bytes > 0)) return undefined
  const candidate = { localPort: facts.local.port, remoteAddress: facts.remote.address, request: exchange }
  conversation.probed = isProbe(candidate, probes.rules, probes.nodeAddresses)
  return conversation.probed ? 'exclude_probes' : undefined
}

/** Names of either end are still asked for; a log that goes out now would miss them. */
function isUnnamed({ workload, peer, remote }: Conversation): boolean {
  if (workload === undefined) return true
  return peer === undefined ? remote === undefined : peer.workload === undefined
}

function streamOf({ role }: Conversation, direction: number): StreamName {
  return (direction === 0) === (role === 'server') ? REQUEST : RESPONSE
}

/** Who reads requests is the server. */
function roleOf(direction: number, stream: StreamName): Role {
  return (direction === 0) === (stream === REQUEST) ? 'server' : 'client'
}
