/**
 * One analyzer shard: batches of records in, flushed logs out. Pure but for what it is given; a worker thread is
 * its edge. Everything it counts obeys operations = logged + filtered + pending.
 */
import type { ConnectionFacts, Role } from '../connections/connection.ts'
import { EndpointIndex } from '../connections/endpoints.ts'
import type { ChunkWalk } from '../connections/walk.ts'
import {
  type ConnectionListener,
  ConnectionReader,
  type FramedCall,
  type Operation,
} from '../connections/reader.ts'
import type { Analyzer, Exchange } from '../protocols/analyzer.ts'
import { detect, detectFramed, type Detection } from '../protocols/list.ts'
import type { Workload } from '../workloads/workload.ts'
import { Conversation, roleOf, streamOf } from './conversation.ts'
import { type Identity, isUnnamed, type NameRequests, Names } from './names.ts'
import type { ConnectionView, KernelLogKind, LogEntry } from './model.ts'
import { type Flushed, type ShardOutputs, logsIn } from './outputs.ts'
import { ALL_LOGS, ALWAYS, LogRules, type Turn, type WantedLogs } from './rules.ts'
import { countFiltered, countLogged, type ShardTally, emptyTally } from './tally.ts'
import { viewOf } from './view.ts'

/** What a shard asks of the rest of the agent. */
export interface ShardRequests extends NameRequests {
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
  /** By default all. */
  wanted?: WantedLogs
  /** By default always. */
  turn?: Turn
}

export class Shard implements ConnectionListener<Conversation> {
  readonly tally: ShardTally = emptyTally()
  readonly #options: ShardOptions
  readonly #reader = new ConnectionReader<Conversation>(this)
  readonly #endpoints: EndpointIndex<Conversation>
  readonly #names: Names
  readonly #rules: LogRules
  #dirty: Conversation[] = []
  /** Logs of exchanges that wait for names, and of those that are staged. */
  #keptLogs = 0
  #stagedLogs = 0

  constructor(options: ShardOptions) {
    this.#options = options
    this.#endpoints = new EndpointIndex(options.endpointsMax)
    this.#names = new Names(options.requests, options.patienceFlushes)
    this.#rules = new LogRules(options.wanted ?? ALL_LOGS, options.turn ?? ALWAYS)
  }

  /** As in the options; may be changed. */
  set patienceFlushes(flushes: number) {
    this.#names.patienceFlushes = flushes
  }

  /** Which logs go out of those that are not flushed yet. */
  set wanted(wanted: WantedLogs) {
    this.#rules.wanted = wanted
  }

  /** When this line tells what it sees; to be set before that begins or ends. */
  set turn(turn: Turn) {
    this.#rules.turn = turn
  }

  /** Logs that wait for a flush, or connections that have something to flush, whichever is more. */
  get waiting(): number {
    return Math.max(this.#keptLogs + this.#stagedLogs, this.#dirty.length)
  }

  /** Every process that was asked for has been named. */
  get isNamed(): boolean {
    return this.#names.areKnown
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
    this.#names.identified(pid, identity)
  }

  /** The process is called otherwise, or has another rule, on connections that are open as well. */
  renamed(pid: number, identity: Identity): void {
    this.#names.renamed(pid, identity, this.#open())
  }

  located(address: string, port: number, workload: Workload | null): void {
    this.#names.located(address, port, workload)
  }

  /** The process ended or became another program: the next connection asks again. */
  forget(pid: number): void {
    this.#names.forget(pid)
  }

  /**
   * @param force also what waits for an exchange or for a name; for the end
   * @param isDue false: before its time, because much waits; names may still come
   */
  flush(force: boolean, isDue = true): Flushed {
    if (force) this.#settleAll()
    if (isDue) this.#names.loosePatience(force)
    const dirty = this.#dirty
    this.#dirty = []
    for (const conversation of dirty) this.#flushOne(conversation, force)
    this.#stagedLogs = 0
    return this.#options.outputs.take()
  }

  opened(facts: ConnectionFacts, role: Role): Conversation {
    const conversation = new Conversation(facts, role)
    this.#names.identify(conversation)
    // An end that never was connected must not be met by a later connection between the same ports.
    if (facts.success) this.#endpoints.add(conversation)
    this.#names.locate(conversation)
    const { origin, startNs, endNs, success } = facts
    if (origin === 'connect' || origin === 'accept')
      this.#addLifeEvent(conversation, origin, startNs, endNs, success)
    return conversation
  }

  /** What it said in the clear, as to a proxy, is over; what the records carry is looked at anew. */
  secured(conversation: Conversation): void {
    conversation.analyzer?.close(conversation.kernelLogs.at(-1)?.endNs ?? 0)
    conversation.analyzer = undefined
    conversation.muted = false
    conversation.tls = true
    this.#touch(conversation)
  }

  operation(conversation: Conversation, operation: Operation): void {
    this.#count(operation.direction === 0 ? 'read' : 'write', operation.count)
    this.#separate(conversation, operation.startNs)
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

  framed(
    conversation: Conversation,
    direction: number,
    chunk: Uint8Array,
    begin: number,
    end: number,
    call: FramedCall,
  ): void {
    if (conversation.muted) return
    const analyzer = this.#framedAnalyzer(conversation, direction, chunk, begin, end, call)
    if (analyzer?.tunnel) this.#mute(conversation)
  }

  closed(
    conversation: Conversation,
    operation: { startNs: number; endNs: number; success: boolean } | undefined,
  ): void {
    const endNs = operation?.endNs ?? conversation.facts.endNs
    if (operation !== undefined) {
      this.#addLifeEvent(conversation, 'close', operation.startNs, endNs, operation.success)
    }
    // A call of a TLS library may return when another thread has closed the connection, too late to be told.
    conversation.analyzer?.close(endNs, !(conversation.tls && conversation.protocol === 'HTTP/2'))
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
    this.#separate(conversation, startNs)
    conversation.addLifeEvent(kind, startNs, endNs, success)
    this.#touch(conversation)
  }

  #separate(conversation: Conversation, startNs: number): void {
    if (this.#rules.separates(conversation.kernelLogs[0], startNs)) conversation.settle(true)
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
    if (found !== undefined) return this.#create(conversation, direction, found)
    this.#mute(conversation)
    return undefined
  }

  #create(conversation: Conversation, direction: number, { stream, create }: Detection): Analyzer {
    if (stream !== undefined) conversation.role = roleOf(direction, stream)
    const { origin } = conversation.facts
    conversation.analyzer = create((exchange) => this.#finish(conversation, exchange), {
      side: conversation.role,
      headBytesMax: this.#options.headBytesMax,
      isComplete: origin === 'connect' || origin === 'accept',
    })
    return conversation.analyzer
  }

  /** Another analyzer than that of HTTP/2 has missed that the connection changed to it. */
  #framedAnalyzer(
    conversation: Conversation,
    direction: number,
    chunk: Uint8Array,
    begin: number,
    end: number,
    call: FramedCall,
  ): Analyzer | undefined {
    const { startNs, endNs, omittedBytes, isAligned } = call
    const speaks = (analyzer: Analyzer | undefined) =>
      analyzer?.framed?.(
        streamOf(conversation, direction),
        chunk,
        begin,
        end,
        omittedBytes,
        isAligned,
        startNs,
        endNs,
      )
    if (speaks(conversation.analyzer) === true) return conversation.analyzer
    conversation.analyzer?.close(startNs, false)
    const analyzer = this.#create(conversation, direction, detectFramed(chunk, begin, end))
    speaks(analyzer)
    return analyzer
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
    const { outputs } = this.#options
    if (conversation.entries.length > 0 || isUnnamed(conversation)) return false
    // A line is final, while frames take their names at the flush.
    if (outputs.writesText && this.#names.asksForRemotes && conversation.peer === undefined) return false
    if (!this.#rules.passes(conversation, entry)) return false
    const isStaged = outputs.stage(conversation, viewOf(conversation), entry)
    if (isStaged) countLogged(this.tally, entry)
    return isStaged
  }

  *#open(): Generator<Conversation> {
    for (const { next } of this.#reader.connections()) yield next
  }

  #settleAll(): void {
    for (const conversation of this.#open()) {
      conversation.analyzer?.close(conversation.kernelLogs.at(-1)?.endNs ?? 0, false)
      conversation.settle(true)
      this.#touch(conversation)
    }
  }

  #flushOne(conversation: Conversation, force: boolean): void {
    conversation.dirty = false
    if (conversation.staged.length > 0) this.#options.outputs.writeStaged(conversation, viewOf(conversation))
    if (isUnnamed(conversation)) return this.#touch(conversation)
    conversation.settle(force)
    if (conversation.entries.length === 0) return
    const { entries } = conversation
    conversation.entries = []
    const view = viewOf(conversation)
    for (const entry of entries) {
      if (entry.exchange !== undefined) this.#keptLogs -= logsIn(entry)
      for (const part of this.#rules.parts(conversation, entry)) this.#write(conversation, view, part)
    }
  }

  #write(conversation: Conversation, view: ConnectionView, entry: LogEntry): void {
    const { told, filtered } = this.#rules.sift(conversation, entry)
    for (const [rule, part] of filtered) countFiltered(this.tally, rule, part)
    if (told === undefined) return
    this.#options.outputs.write(conversation, view, told)
    countLogged(this.tally, told)
  }
}
