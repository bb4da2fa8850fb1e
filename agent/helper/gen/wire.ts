// Generated from native/wire.def, native/wire.h, native/counters.h and bpf/event.h by `npm run generate`. Do not edit.

/** Both sides name it in their first message and refuse another. */
export const WIRE_PROTOCOL_VERSION = 1

/** Longest message, its 4-byte length not counted. */
export const WIRE_MESSAGE_MAX_BYTES = 1052672

/** First element of a message. */
export const MessageKind = {
  HELLO: 1,
  READY: 2,
  BATCH: 3,
  PROCESSES: 4,
  COUNTERS: 5,
  PROBLEM: 6,
  LIBRARY: 8,
  STOPPED: 7,
  CONFIGURE: 32,
  TARGETS: 33,
  MUTE: 34,
  STATS: 35,
  CGROUPS: 40,
  SHUTDOWN: 36,
} as const
export type MessageKind = (typeof MessageKind)[keyof typeof MessageKind]

/** First message, sent before anything is loaded */
export interface Hello {
  kind: typeof MessageKind.HELLO
  /** WIRE_PROTOCOL_VERSION; the agent refuses another */
  protocolVersion: number
  /** EVENT_LAYOUT_VERSION of the records in BATCH */
  eventLayoutVersion: number
  /** version of the helper binary */
  helperVersion: string
  /** pid of the helper, so that the agent can exclude it */
  pid: number
  /** uname -r */
  kernelRelease: string
}

/** Answer to CONFIGURE: programs are attached and existing sockets were shipped before this */
export interface Ready {
  kind: typeof MessageKind.READY
  /**
   * [name, status, reason] of each program; status is attached, failed or skipped; reason is empty when
   * attached
   */
  programs: readonly unknown[]
  /** ring buffers in use */
  ringCount: number
  /** bytes of each, after rounding up to a power of two of pages */
  ringBytes: number
  /** established TCP sockets of watched processes found at start */
  scannedSockets: number
  /** CLOCK_REALTIME minus CLOCK_MONOTONIC, nanoseconds, measured at start */
  bootTimeNs: bigint
}

/** Records of one shard, in order per connection */
export interface Batch {
  kind: typeof MessageKind.BATCH
  /** 0 to shards - 1 */
  shard: number
  /** number of records in the payload */
  records: number
  /** records of bpf/event.h back to back, each padded to 8 bytes */
  payload: Uint8Array
}

/** PROCESS records, for the agent's main thread */
export interface Processes {
  kind: typeof MessageKind.PROCESSES
  /** number of records in the payload */
  records: number
  /** struct record_process back to back */
  payload: Uint8Array
}

/** Answer to STATS, and once before STOPPED */
export interface Counters {
  kind: typeof MessageKind.COUNTERS
  /** KERNEL_COUNTERS of bpf/event.h, summed over CPUs, in that order */
  kernel: readonly number[]
  /** HELPER_COUNTERS of native/counters.h, in that order */
  helper: readonly number[]
}

/** Something went wrong that the helper survives, or, with fatal, does not */
export interface Problem {
  kind: typeof MessageKind.PROBLEM
  /** stable code, HELPER_... */
  code: string
  /** the helper exits after this message */
  fatal: boolean
  /** file, program or message concerned */
  where: string
  /** one sentence for a person */
  message: string
}

/** A file with a TLS library: its probes were attached, could not be, or were detached */
export interface Library {
  kind: typeof MessageKind.LIBRARY
  /** file, as the process sees it in its own mount namespace */
  path: string
  /** OpenSSL, BoringSSL */
  library: string
  /** attached, failed or detached */
  status: string
  /** why it failed, else empty */
  reason: string
  /** a process that runs it, the first that was met */
  pid: number
  /** watched processes that run it now */
  processes: number
}

/** Answer to SHUTDOWN: detached, rings drained, totals shipped; nothing follows */
export interface Stopped {
  kind: typeof MessageKind.STOPPED
}

/** First command; loads and attaches. Sent once */
export interface Configure {
  kind: typeof MessageKind.CONFIGURE
  /** WIRE_PROTOCOL_VERSION of the agent */
  protocolVersion: number
  /** analyzer shards, 1 to 64; ring i belongs to shard i modulo shards */
  shards: number
  /** wanted ring bytes per CPU, 4096 to 64 MiB */
  perCpuBufferBytes: number
  /** payload limit per message, 0 to 8192 */
  captureBytes: number
  /** connections followed at the same time */
  connectionsMax: number
  /** processes not named by TARGETS are watched */
  watchUnlisted: boolean
  /** processes never watched: the agent; the helper adds itself */
  ignorePids: readonly number[]
}

/** Difference of the target set; applied in order, effective at once */
export interface Targets {
  kind: typeof MessageKind.TARGETS
  /** tgids to watch from now on, children included */
  watch: readonly number[]
  /** tgids to ignore from now on, with their children until those execute another program */
  ignore: readonly number[]
  /** tgids to handle as unlisted again */
  forget: readonly number[]
}

/** Stop copying payload of these connections; they are counted on */
export interface Mute {
  kind: typeof MessageKind.MUTE
  /** [sock, connection] pairs as given in OPEN records */
  connections: readonly unknown[]
}

/** Ask for COUNTERS */
export interface Stats {
  kind: typeof MessageKind.STATS
}

/** Difference of the ignored cgroups; decides at exec, before a program's first instruction */
export interface Cgroups {
  kind: typeof MessageKind.CGROUPS
  /** cgroup v2 ids: processes that execute a program in one, or below it, are ignored from then on */
  ignore: readonly number[]
  /** cgroup v2 ids that say nothing any more; what was decided by them stays until TARGETS changes it */
  forget: readonly number[]
}

/** Detach, drain, ship the last totals and COUNTERS, answer STOPPED, exit 0 */
export interface Shutdown {
  kind: typeof MessageKind.SHUTDOWN
}

/** What the helper sends. */
export type ToAgent = Hello | Ready | Batch | Processes | Counters | Problem | Library | Stopped

/** What the agent sends. */
export type ToHelper = Configure | Targets | Mute | Stats | Cgroups | Shutdown

/** Types of wire.def. */
export type FieldType = 'uint' | 'uint64' | 'int' | 'bool' | 'text' | 'bytes' | 'uint_array' | 'array'

/** Name and type of the fields that follow the kind, in order. */
export const MESSAGE_FIELDS: Readonly<Record<MessageKind, readonly (readonly [string, FieldType])[]>> = {
  /** HELLO */
  1: [
    ['protocolVersion', 'uint'],
    ['eventLayoutVersion', 'uint'],
    ['helperVersion', 'text'],
    ['pid', 'uint'],
    ['kernelRelease', 'text'],
  ],
  /** READY */
  2: [
    ['programs', 'array'],
    ['ringCount', 'uint'],
    ['ringBytes', 'uint'],
    ['scannedSockets', 'uint'],
    ['bootTimeNs', 'uint64'],
  ],
  /** BATCH */
  3: [
    ['shard', 'uint'],
    ['records', 'uint'],
    ['payload', 'bytes'],
  ],
  /** PROCESSES */
  4: [
    ['records', 'uint'],
    ['payload', 'bytes'],
  ],
  /** COUNTERS */
  5: [
    ['kernel', 'uint_array'],
    ['helper', 'uint_array'],
  ],
  /** PROBLEM */
  6: [
    ['code', 'text'],
    ['fatal', 'bool'],
    ['where', 'text'],
    ['message', 'text'],
  ],
  /** LIBRARY */
  8: [
    ['path', 'text'],
    ['library', 'text'],
    ['status', 'text'],
    ['reason', 'text'],
    ['pid', 'uint'],
    ['processes', 'uint'],
  ],
  /** STOPPED */
  7: [],
  /** CONFIGURE */
  32: [
    ['protocolVersion', 'uint'],
    ['shards', 'uint'],
    ['perCpuBufferBytes', 'uint'],
    ['captureBytes', 'uint'],
    ['connectionsMax', 'uint'],
    ['watchUnlisted', 'bool'],
    ['ignorePids', 'uint_array'],
  ],
  /** TARGETS */
  33: [
    ['watch', 'uint_array'],
    ['ignore', 'uint_array'],
    ['forget', 'uint_array'],
  ],
  /** MUTE */
  34: [['connections', 'array']],
  /** STATS */
  35: [],
  /** CGROUPS */
  40: [
    ['ignore', 'uint_array'],
    ['forget', 'uint_array'],
  ],
  /** SHUTDOWN */
  36: [],
}

/** Name and meaning, in the order of the COUNTERS message. */
export const KERNEL_COUNTERS = [
  ['operations_connect', 'connect calls of watched processes that reached an outcome'],
  ['operations_accept', 'connections accepted by watched processes'],
  ['operations_close', 'connections closed'],
  ['operations_read', 'read-family calls that moved bytes on watched connections'],
  ['operations_write', 'write-family calls that moved bytes on watched connections'],
  ['bytes_read', 'bytes those read-family calls moved'],
  ['bytes_write', 'bytes those write-family calls moved'],
  ['records_open', 'OPEN records handed to a ring'],
  ['records_data', 'DATA records handed to a ring'],
  ['records_close', 'CLOSE records handed to a ring'],
  ['records_process', 'PROCESS records handed to a ring'],
  ['folded', 'read and write calls counted in totals without a record of their own'],
  ['dropped_ring_full_open', 'OPEN records that found their ring full'],
  ['dropped_ring_full_data', 'DATA records that found their ring full'],
  ['dropped_ring_full_close', 'CLOSE records that found their ring full'],
  ['dropped_ring_full_process', 'PROCESS records that found their ring full'],
  ['dropped_connection_table_full', 'sockets not followed because the connection table was full'],
  ['dropped_thread_table_full', 'calls not followed because no storage for the thread could be had'],
  ['unreadable', 'prefixes that could not be read from user memory; the call is still counted'],
  ['captured_bytes', 'payload bytes copied'],
  ['adopted', 'connections first seen in the middle of their life, by a call on them'],
  ['plaintext_read', 'calls of TLS libraries that gave plaintext of a known connection'],
  ['plaintext_write', 'calls of TLS libraries that took plaintext of a known connection'],
  ['plaintext_unattributed', 'calls of TLS libraries whose connection could not be verified'],
  ['plaintext_muted', 'calls of TLS libraries whose plaintext nobody wants any more'],
  ['plaintext_lost', 'calls of TLS libraries whose plaintext found no memory to be looked at'],
  ['records_plaintext', 'DATA records of plaintext handed to a ring'],
  ['dropped_ring_full_plaintext', 'DATA records of plaintext that found their ring full'],
  ['dropped_ring_full_image', 'news of the code of a process that found their ring full'],
  ['sessions', 'TLS sessions whose connection was found'],
  ['dropped_session_table_full', 'TLS sessions not followed because their table was full'],
] as const
export type KernelCounter = (typeof KERNEL_COUNTERS)[number][0]

/** Name and meaning, in the order of the COUNTERS message. */
export const HELPER_COUNTERS = [
  ['records_drained', 'records taken out of the rings or made by the helper'],
  ['records_forwarded', 'records written to the agent'],
  ['records_malformed', 'records whose size did not fit their kind; never expected'],
  ['batches', 'BATCH and PROCESSES messages written'],
  ['stalls', 'times draining paused because the agent did not read'],
  ['progress_records', 'PROGRESS records made for folded calls'],
  ['recursion_misses', 'program runs the kernel skipped because the program was already running'],
] as const
export type HelperCounter = (typeof HELPER_COUNTERS)[number][0]
