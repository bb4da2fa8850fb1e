/** The other thread of queue.test.ts: reads until an empty batch, and tells what it saw. */
import { parentPort, workerData } from 'node:worker_threads'
import { QueueReader } from '../../../agent/logs/queue.ts'
import { batchOf } from './queue-batches.ts'

export type FromReader = 'room' | { batches: number; wrong: number }

const queue = new QueueReader(workerData as SharedArrayBuffer)
let batches = 0
let wrong = 0

function read(): void {
  for (;;) {
    const batch = queue.take()
    if (batch === undefined) {
      if (queue.sleep()) return
      continue
    }
    const isLast = batch.length === 0
    if (!isLast && Buffer.compare(batch, batchOf(batches++)) !== 0) wrong++
    if (queue.release()) tell('room')
    if (isLast) return tell({ batches, wrong })
  }
}

function tell(message: FromReader): void {
  parentPort?.postMessage(message)
}

parentPort?.on('message', read)
read()
