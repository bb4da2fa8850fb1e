// Generated from bpf/event.h by `npm run generate`. Do not edit.
// Offsets are bytes from the start of the record or of the totals. Numbers are little-endian.

/** The helper names it in HELLO; records of another version are refused. */
export const EVENT_LAYOUT_VERSION = 2

export const RecordKind = {
  /** a connection is seen for the first time, or its connect failed */
  OPEN: 1,
  /** one call that moved bytes, with the captured prefix */
  DATA: 2,
  /** no more calls on this connection */
  CLOSE: 3,
  /** exec, fork or exit of a process */
  PROCESS: 4,
  /** totals, made by the helper when folded calls stay unreported */
  PROGRESS: 5,
} as const
export type RecordKind = (typeof RecordKind)[keyof typeof RecordKind]

export const Direction = {
  /** read family */
  INGRESS: 0,
  /** write family */
  EGRESS: 1,
} as const
export type Direction = (typeof Direction)[keyof typeof Direction]

export const ConnectionRole = {
  UNKNOWN: 0,
  CLIENT: 1,
  SERVER: 2,
} as const
export type ConnectionRole = (typeof ConnectionRole)[keyof typeof ConnectionRole]

/** How a connection came to be known (record_open.origin). */
export const OpenOrigin = {
  /** connect(): start_ns is the syscall entry, end_ns the end of the handshake */
  CONNECT: 1,
  /** accept(): start_ns is the syscall entry, end_ns its return */
  ACCEPT: 2,
  /** first call on a socket that was already connected; times are that call's */
  IO: 3,
  /** found by the iterator at start; both times are 0 */
  SCAN: 4,
} as const
export type OpenOrigin = (typeof OpenOrigin)[keyof typeof OpenOrigin]

/** What ended a connection (record.flags of RECORD_CLOSE). */
export const CloseCause = {
  /** close() of the last reference; times are the syscall's */
  SYSCALL: 0,
  /** exit, exec, dup2 or close_range dropped the last one; both times are equal */
  PROCESS: 1,
  /** seen only when the kernel destroyed the socket; both times are equal */
  DESTROY: 2,
} as const
export type CloseCause = (typeof CloseCause)[keyof typeof CloseCause]

/** record.flags of RECORD_PROCESS. */
export const ProcessEvent = {
  EXEC: 1,
  FORK: 2,
  EXIT: 3,
  /** an exec in an ignored cgroup: the process is ignored already */
  EXEC_IGNORED: 4,
} as const
export type ProcessEvent = (typeof ProcessEvent)[keyof typeof ProcessEvent]

/** record.flags of RECORD_DATA, a bit set. */
export const DataFlag = {
  /** nothing could be read from user memory: captured is 0 and should not be */
  UNREADABLE: 1,
  /** the chunked body ended with the bytes after the captured ones */
  WALK_ENDED: 2,
  /** the walk over them was lost */
  WALK_LOST: 4,
  /** what a TLS library was given or gave; totals are those of the plaintext */
  PLAINTEXT: 8,
  /** the connection's bytes are TLS records, from this call on at the latest */
  TLS: 16,
  /** HTTP/2: payloads of DATA and of extensions are left out of what is captured */
  FRAMES: 32,
  /** and a frame begins with the first captured byte */
  ALIGNED: 64,
} as const
export type DataFlag = (typeof DataFlag)[keyof typeof DataFlag]

/** record.syscall: the call that made the record. Order is the generated agent table's; append only. */
export const RecordSyscall = {
  NONE: 0,
  READ: 1,
  READV: 2,
  RECVFROM: 3,
  RECVMSG: 4,
  RECVMMSG: 5,
  WRITE: 6,
  WRITEV: 7,
  SENDTO: 8,
  SENDMSG: 9,
  SENDMMSG: 10,
  SENDFILE64: 11,
  SPLICE: 12,
  CONNECT: 13,
  ACCEPT: 14,
  CLOSE: 15,
} as const
export type RecordSyscall = (typeof RecordSyscall)[keyof typeof RecordSyscall]

/** Head of every record. */
export const RECORD = {
  /** bytes of the record with its head and payload, before padding. u32 */
  size: 0,
  /** enum record_kind. u8 */
  kind: 4,
  /** meaning depends on kind. u8 */
  flags: 5,
  /** enum direction; DATA only, else 0. u8 */
  direction: 6,
  /** enum record_syscall. u8 */
  syscall: 7,
  /** id, unique while the helper runs, never 0; 0 in PROCESS records. u64 */
  connection: 8,
} as const
export const RECORD_BYTES = 16

/**
 * Running totals of one direction of a connection. They never go back, so two records of a direction tell
 * what happened between them: bytes and calls that were folded (counted, not sent), records that were
 * lost.
 */
export const TOTALS = {
  /** moved since first sight. u64 */
  bytes: 0,
  /** return of the last call that moved bytes; 0 before the first. u64 */
  lastEndNs: 8,
  /** entry of the first call folded since the last DATA record; 0: none was. u64 */
  foldedStartNs: 16,
  /** calls that moved bytes, modulo 2^32. u32 */
  calls: 24,
  /** DATA records produced, lost ones included, modulo 2^32. u32 */
  records: 28,
  /** chunk framing (RFC 9112 7.1) among the bytes walked over, modulo 2^32. u32 */
  framingBytes: 32,
  /** chunked bodies that ended while walked over, modulo 2^16. u16 */
  chunkedEnds: 36,
  /** times the walk found no chunk where one had to be, modulo 2^16. u16 */
  walksLost: 38,
} as const
export const TOTALS_BYTES = 40

export const RECORD_OPEN = {
  /** u64 */
  startNs: 16,
  /** u64 */
  endNs: 24,
  /** opaque token to name the connection in commands together with its id. u64 */
  sock: 32,
  /** cgroup v2 id of the task at first sight. u64 */
  cgroupId: 40,
  /** process of first sight, in the initial pid namespace. u32 */
  tgid: 48,
  /** its file descriptor, ~0 when unknown; an attribute, not an identity. u32 */
  fd: 52,
  /** enum connection_role. u8 */
  role: 56,
  /** 4 or 6; IPv4-mapped addresses are given as 4. u8 */
  family: 57,
  /** enum open_origin. u8 */
  origin: 58,
  /** 0: the connect failed and no other record follows but CLOSE. u8 */
  success: 59,
  /** u16 */
  localPort: 60,
  /** u16 */
  remotePort: 62,
  /** network order; IPv4 in the first four bytes. u8[16] */
  localAddress: 64,
  localAddressBytes: 16,
  /** u8[16] */
  remoteAddress: 80,
  remoteAddressBytes: 16,
  /** name of the task at first sight. char[16] */
  comm: 96,
  commBytes: 16,
  /** inode number of the socket's network namespace. u32 */
  netns: 112,
  /** errno of a failed connect, 0 when unknown or successful. u32 */
  error: 116,
} as const
export const RECORD_OPEN_BYTES = 120

export const RECORD_DATA = {
  /** entry of the call. u64 */
  startNs: 16,
  /** its return. u64 */
  endNs: 24,
  /** moved by this call, at most 2^31. u32 */
  bytes: 32,
  /** bytes of payload that follow. u32 */
  captured: 36,
  /** the call's bytes before them, walked over. u32 */
  skipped: 40,
  /** framing_bytes of the walk over the call's bytes after them. u32 */
  walkedFraming: 44,
  /** this direction, before this call; the walk over `skipped` included. struct totals */
  before: 48,
  /** the other direction, now. struct totals */
  peer: 88,
} as const
export const RECORD_DATA_BYTES = 128

export const RECORD_CLOSE = {
  /** u64 */
  startNs: 16,
  /** u64 */
  endNs: 24,
  /** 0, or -errno of close(). s32 */
  result: 32,
  /** by direction. struct totals[2] */
  totals: 40,
} as const
export const RECORD_CLOSE_BYTES = 120

export const RECORD_PROGRESS = {
  /** by direction. struct totals[2] */
  totals: 16,
} as const
export const RECORD_PROGRESS_BYTES = 96

export const RECORD_PROCESS = {
  /** u64 */
  timeNs: 16,
  /** u64 */
  cgroupId: 24,
  /** u32 */
  tgid: 32,
  /** tgid of the parent; FORK only, else 0. u32 */
  parent: 36,
  /** char[16] */
  comm: 40,
  commBytes: 16,
} as const
export const RECORD_PROCESS_BYTES = 56
