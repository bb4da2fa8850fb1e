/** The worker thread of one shard: messages in, messages out, and the flush timer. Nothing else. */
import { parentPort, workerData } from 'node:worker_threads'
import { ShardOutputs } from './outputs.ts'
import { Shard } from './shard.ts'
import { type FromShard, QueueState, type ShardSetup, type ToShard } from './thread.ts'
import { WallClock } from './time.ts'

if (parentPort === null) throw new Error('agent/logs/worker.ts runs as a worker thread')
const port = parentPort
const setup = workerData as ShardSetup
const queue = new Int32Array(setup.queue)

const shard = new Shard({
  outputs: new ShardOutputs({
    backend: setup.backend,
    text: setup.text,
    clock: new WallClock(setup.bootTimeNs),
  }),
  requests: {
    identify: (pid, hint) => post({ type: 'identify', pid, hint }),
    mute: (sock, connection) => post({ type: 'mute', sock, connection }),
  },
  headBytesMax: setup.headBytesMax,
  endpointsMax: setup.endpointsMax,
})

function post(message: FromShard, transfer: ArrayBuffer[] = []): void {
  port.postMessage(message, transfer)
}

/** The frames travel without being copied. */
function flush(force: boolean): void {
  const { batches, text, textLogs } = shard.flush(force)
  const { tally } = shard
  post(
    { type: 'flushed', batches, text, textLogs, tally },
    batches.map(({ frames }) => frames.buffer),
  )
}

function read(payload: Uint8Array, records: number): void {
  shard.read(payload)
  Atomics.add(queue, QueueState.CONSUMED, records)
  if (Atomics.load(queue, QueueState.WATCHED) === 1) post({ type: 'consumed' })
  if (shard.waiting >= setup.flushMaxCount) flush(false)
}

const timer = setInterval(() => flush(false), setup.flushPeriodMs)

port.on('message', (message: ToShard) => {
  if (message.type === 'batch') read(message.payload, message.records)
  else if (message.type === 'identified') shard.identified(message.pid, message.identity)
  else if (message.type === 'forget') shard.forget(message.pid)
  else if (message.type === 'reset') shard.reset()
  else {
    clearInterval(timer)
    flush(true)
    post({ type: 'stopped' })
    port.close()
  }
})
