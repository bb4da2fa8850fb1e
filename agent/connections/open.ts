/** The OPEN record as facts. */
import { addressText } from './address.ts'
import type { ConnectionFacts, Origin, Role } from './connection.ts'
import { ConnectionRole, OpenOrigin, RECORD, RECORD_OPEN } from './gen/event.ts'
import type { RecordCursor } from './record.ts'

/** Length of comm in the kernel. */
const COMM_BYTES = 16

/** The record at the cursor must be an OPEN record of full size. */
export function readOpen(record: RecordCursor): ConnectionFacts & { role: Role } {
  const family = record.u8(RECORD_OPEN.family)
  return {
    id: record.u64(RECORD.connection),
    sock: record.bigU64(RECORD_OPEN.sock),
    pid: record.u32(RECORD_OPEN.tgid),
    comm: record.text(RECORD_OPEN.comm, COMM_BYTES),
    cgroupId: record.u64(RECORD_OPEN.cgroupId),
    origin: originOf(record.u8(RECORD_OPEN.origin)),
    role: record.u8(RECORD_OPEN.role) === ConnectionRole.SERVER ? 'server' : 'client',
    local: {
      address: addressText(record.bytes, record.at + RECORD_OPEN.localAddress, family),
      port: record.u16(RECORD_OPEN.localPort),
    },
    remote: {
      address: addressText(record.bytes, record.at + RECORD_OPEN.remoteAddress, family),
      port: record.u16(RECORD_OPEN.remotePort),
    },
    netns: record.u32(RECORD_OPEN.netns),
    success: record.u8(RECORD_OPEN.success) !== 0,
    startNs: record.u64(RECORD_OPEN.startNs),
    endNs: record.u64(RECORD_OPEN.endNs),
  }
}

function originOf(origin: number): Origin {
  if (origin === OpenOrigin.CONNECT) return 'connect'
  if (origin === OpenOrigin.ACCEPT) return 'accept'
  return origin === OpenOrigin.SCAN ? 'scan' : 'io'
}
