/** Which logs do not go out, beyond those of whole processes, and the names of the rules they are counted by. */
import type { Exchange } from '../protocols/analyzer.ts'
import { isProbe } from '../workloads/kubernetes/probes.ts'
import type { Conversation } from './conversation.ts'
import type { KernelLog, LogEntry } from './model.ts'

/** Kinds of logs that are wanted. */
export interface WantedLogs {
  /** Kernel logs: connect, accept, close, read and write. */
  connections: boolean
  /** Requests of HTTP/1.x. */
  http1: boolean
  /** Requests of HTTP/2. */
  http2: boolean
}

export const ALL_LOGS: WantedLogs = { connections: true, http1: true, http2: true }

/** Rules that a policy's `collectors` make. */
const NO_CONNECTIONS = 'collectors_connections'
const NO_PROTOCOLS = 'collectors_protocols'

/** What began in it, `fromNs` ≤ start < `untilNs`, is told; the rest is another line's. CLOCK_MONOTONIC ns. */
export interface Turn {
  fromNs: number
  untilNs: number
}

export const ALWAYS: Turn = { fromNs: -Infinity, untilNs: Infinity }
export const NOT_YET: Turn = { fromNs: Infinity, untilNs: Infinity }

/** An entry after the rules: what is told of it, and what is not, by rule. */
export interface Sifted {
  told: LogEntry | undefined
  filtered: readonly (readonly [rule: string, entry: LogEntry])[]
}

/** One per shard. */
export class LogRules {
  wanted: WantedLogs
  turn: Turn

  constructor(wanted: WantedLogs, turn: Turn) {
    this.wanted = wanted
    this.turn = turn
  }

  /** The whole entry is told, whatever the names turn out to be. */
  passes(conversation: Conversation, entry: LogEntry): boolean {
    const { filteredBy, probes } = conversation
    const isPlain = filteredBy === undefined && probes === undefined
    const { connections, http1, http2 } = this.wanted
    return isPlain && connections && http1 && http2 && this.#isAllOurs(conversation, entry)
  }

  /** A call may begin before the turn in which the request that came with it does: then each is told for itself. */
  parts(conversation: Conversation, entry: LogEntry): readonly LogEntry[] {
    const { exchange, kernelLogs } = entry
    if (exchange === undefined || kernelLogs.length === 0) return [entry]
    if (this.#ownsExchange(conversation, exchange) === this.#ownsCalls(kernelLogs)) return [entry]
    return [
      { kernelLogs, exchange: undefined },
      { kernelLogs: [], exchange },
    ]
  }

  /** @param entry one of the `parts` */
  sift(conversation: Conversation, entry: LogEntry): Sifted {
    const rule =
      conversation.filteredBy ?? probeRule(conversation, entry) ?? this.#turnRule(conversation, entry)
    if (rule !== undefined) return { told: undefined, filtered: [[rule, entry]] }
    if (this.wanted.connections && this.#wantsRequest(entry)) return { told: entry, filtered: [] }
    return this.#collect(entry)
  }

  /** What comes next is told by another line than what waits: they must not become one entry. */
  separates(before: KernelLog | undefined, startNs: number): boolean {
    const { fromNs, untilNs } = this.turn
    if (before === undefined) return false
    return before.startNs < fromNs !== startNs < fromNs || before.startNs < untilNs !== startNs < untilNs
  }

  #turnRule(conversation: Conversation, entry: LogEntry): string | undefined {
    return this.#isAllOurs(conversation, entry) ? undefined : 'handover'
  }

  #isAllOurs(conversation: Conversation, { exchange, kernelLogs }: LogEntry): boolean {
    const { fromNs, untilNs } = this.turn
    if (fromNs === -Infinity && untilNs === Infinity) return true
    if (kernelLogs.length > 0 && !this.#ownsCalls(kernelLogs)) return false
    return exchange === undefined || this.#ownsExchange(conversation, exchange)
  }

  /** Of calls that stand together all begin in one turn: see `separates`. */
  #ownsCalls(kernelLogs: readonly KernelLog[]): boolean {
    return this.#isInTurn(kernelLogs[0]?.startNs ?? 0)
  }

  /**
   * An exchange is told by the line whose turn it was when it began. Of a connection that was found, the first (in
   * HTTP/2: some) may have begun before anybody looked: then the response comes without a request.
   */
  #ownsExchange({ facts, orphan }: Conversation, exchange: Exchange): boolean {
    const wasFound = facts.origin === 'scan' || facts.origin === 'io'
    const isOrphan = exchange === orphan || isOrphanOfStream(exchange)
    if (this.turn.fromNs !== -Infinity && wasFound && isOrphan) return false
    return this.#isInTurn(exchange.startNs)
  }

  #isInTurn(startNs: number): boolean {
    return this.turn.fromNs <= startNs && startNs < this.turn.untilNs
  }

  #wantsRequest({ exchange }: LogEntry): boolean {
    if (exchange === undefined) return true
    return exchange.version.startsWith('HTTP/2') ? this.wanted.http2 : this.wanted.http1
  }

  #collect(entry: LogEntry): Sifted {
    const { kernelLogs, exchange } = entry
    const { connections } = this.wanted
    const calls: LogEntry = { kernelLogs, exchange: undefined }
    const request: LogEntry = { kernelLogs: [], exchange }
    if (!connections && !this.#wantsRequest(entry))
      return {
        told: undefined,
        filtered: [
          [NO_CONNECTIONS, calls],
          [NO_PROTOCOLS, request],
        ],
      }
    return connections
      ? { told: kernelLogs.length > 0 ? calls : undefined, filtered: [[NO_PROTOCOLS, request]] }
      : { told: exchange && request, filtered: [[NO_CONNECTIONS, calls]] }
  }
}

/** A request of HTTP/2 that was seen has a body, if an empty one; its method need not be known. */
function isOrphanOfStream({ version, method, incomplete }: Exchange): boolean {
  return version === 'HTTP/2' && method === '' && incomplete.includes('request.bodyBytes')
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
