/** A stretch of real traffic as the helper sends it: one nginx, one client, kept in memory. */
import { EVENT_LAYOUT_VERSION } from '../../agent/connections/gen/event.ts'
import type { Batch } from '../../agent/helper/gen/wire.ts'
import { helperPath } from '../../agent/helper/path.ts'
import { HelperProcess } from '../../agent/helper/process.ts'
import { type Load, drive } from '../capture/load.ts'
import { startTarget } from '../capture/target.ts'

export interface Recording {
  batches: readonly Uint8Array<ArrayBuffer>[]
  records: number
  bytes: number
}

export type RecordedProtocol = 'HTTP/1' | 'HTTP/2'

const LOADS: Record<RecordedProtocol, Load> = {
  'HTTP/1': { name: 'recording', path: '/small' },
  'HTTP/2': { name: 'recording', path: '/small', http2: { streams: 10, requestsPerSecond: 60_000 } },
}

/** All in one shard, from the first connection on. @param seconds of traffic */
export async function record(protocol: RecordedProtocol, seconds: number): Promise<Recording> {
  const target = await startTarget()
  const batches: Uint8Array<ArrayBuffer>[] = []
  let records = 0
  const keep = (batch: Batch) => {
    batches.push(new Uint8Array(batch.payload)) // what is handed over is valid during the call only
    records += batch.records
  }
  const helper = await startHelper(keep)
  try {
    await helper.configure(
      {
        shards: 1,
        perCpuBufferBytes: 4 * 1024 * 1024,
        captureBytes: 8192,
        connectionsMax: 65_536,
        watchUnlisted: false,
        ignorePids: [process.pid],
      },
      { watch: [target.workerPid], ignore: [], forget: [] },
    )
    await drive(target, LOADS[protocol], seconds)
  } finally {
    await helper.shutdown()
    await target.stop()
  }
  return { batches, records, bytes: batches.reduce((sum, { length }) => sum + length, 0) }
}

function startHelper(batch: (batch: Batch) => void): Promise<HelperProcess> {
  const options = { command: helperPath(process.env), eventLayoutVersion: EVENT_LAYOUT_VERSION }
  return HelperProcess.start(options, {
    batch,
    processes: () => {},
    problem: ({ message }) => process.stderr.write(`helper: ${message}\n`),
    log: (line) => process.stderr.write(`helper: ${line}\n`),
  })
}
