/** PROCESS records as events of the process table. */
import type { ProcessEvent as ProcessTableEvent } from '../workloads/workload.ts'
import { ProcessEvent, RECORD, RECORD_PROCESS, RECORD_PROCESS_BYTES } from './gen/event.ts'
import { RecordCursor } from './record.ts'

/** Length of comm in the kernel. */
const COMM_BYTES = 16

/** The events of a PROCESSES message, in order. What does not fit the layout at the end is left out. */
export function* processEvents(payload: Uint8Array): Generator<ProcessTableEvent> {
  const record = new RecordCursor(payload)
  for (; record.at + RECORD_PROCESS_BYTES <= payload.length; record.at += RECORD_PROCESS_BYTES) {
    const event = record.u8(RECORD.flags)
    yield {
      kind: kindOf(event),
      pid: record.u32(RECORD_PROCESS.tgid),
      parent: record.u32(RECORD_PROCESS.parent),
      comm: record.text(RECORD_PROCESS.comm, COMM_BYTES),
      cgroupId: record.u64(RECORD_PROCESS.cgroupId),
      ...(event === ProcessEvent.EXEC_IGNORED && { ignored: true }),
    }
  }
}

function kindOf(event: number): ProcessTableEvent['kind'] {
  if (event === ProcessEvent.FORK) return 'fork'
  return event === ProcessEvent.EXIT ? 'exit' : 'exec'
}
