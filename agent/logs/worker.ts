/** The worker thread of one shard: messages in, messages out, and the flush timer. Nothing else. */
import { parentPort, workerData } from 'node:worker_threads'
import { QueueReader } from './queue.ts'
import { ShardOutputs } from './outputs.ts'
import { Shard } from './shard.ts'
import type { FromShard, ShardSetup, ToShard } from './thread.ts'
import { WallClock } from './time.ts'

if (parentPort === null) throw new Error('agent/logs/worker.ts runs as a worker thread')
const port = parentPort

/** How long logs wait for the names of their process when the main thread is busy. */
const PATIENCE_MS = 3_000

/** How long the end waits for them. */
const LAST_NAMES_MS = 1_000

/** Batches read before other messages get their turn. */
const BATCHES_PER_TURN = 16
const setup = workerData as ShardSetup
const queue = new QueueReader(setup.queue)

const shard = new Shard({
  outputs: new ShardOutputs({
    backend: setup.backend,
    text: setup.text,
    clock: new WallClock(setup.bootTimeNs),
  }),
  requests: {
    identify: (pid, hint) => post({ type: 'identify', pid, hint }),
    ...(setup.remotes && { locate: (address, port) => post({ type: 'locate', address, port }) }),
    mute: (sock, connection) => post({ type: 'mute', sock, connection }),
  },
  headBytesMax: setup.headBytesMax,
  endpointsMax: setup.endpointsMax,
  patienceFlushes: patienceOf(setup.flushPeriodMs),
  ...(setup.wanted && { wanted: setup.wanted }),
  ...(setup.turn && { turn: setup.turn }),
})

/** Flushes until {@link PATIENCE_MS} have passed. */
function patienceOf(flushPeriodMs: number): number {
  return Math.max(1, Math.ceil(PATIENCE_MS / flushPeriodMs))
}

function post(message: FromShard, transfer: ArrayBuffer[] = []): void {
  port.postMessage(message, transfer)
}

/** Frames and text travel without being copied. */
function flush(force: boolean, isDue = true): void {
  const { batches, text, textLogs } = shard.flush(force, isDue)
  const { tally } = shard
  post({ type: 'flushed', batches, text, textLogs, tally }, [
    text.buffer,
    ...batches.map(({ frames }) => frames.buffer),
  ])
}

/** An empty batch is what comes between two lives of the helper. */
function read(batch: Uint8Array): void {
  if (batch.length === 0) shard.reset()
  else shard.read(batch)
  if (queue.release()) post({ type: 'consumed' })
  if (shard.waiting >= flushMaxCount) flush(false, false)
}

/** Some batches, then a turn for timers and messages, until the queue is empty. */
function readQueue(): void {
  for (let i = 0; i < BATCHES_PER_TURN; i++) {
    const batch = queue.take()
    if (batch !== undefined) read(batch)
    else if (queue.sleep()) return
  }
  setImmediate(readQueue)
}

/** No batch follows once `stop` came. The names of processes that were first seen in the last ones are under way. */
function stop(): void {
  clearInterval(timer)
  for (let batch = queue.take(); batch !== undefined; batch = queue.take()) read(batch)
  lastNames = setTimeout(end, LAST_NAMES_MS)
  if (shard.isNamed) end()
}

function end(): void {
  clearTimeout(lastNames)
  flush(true)
  post({ type: 'stopped' })
  port.close()
}

/** Other settings of the flush, from now on. */
function tune(message: Extract<ToShard, { type: 'tuned' }>): void {
  flushMaxCount = message.flushMaxCount
  shard.patienceFlushes = patienceOf(message.flushPeriodMs)
  if (message.wanted !== undefined) shard.wanted = message.wanted
  if (lastNames !== undefined) return
  clearInterval(timer)
  timer = setInterval(() => flush(false), message.flushPeriodMs)
}

let { flushMaxCount } = setup
let timer = setInterval(() => flush(false), setup.flushPeriodMs)
/** Set from `stop` on. */
let lastNames: NodeJS.Timeout | undefined

port.on('message', (message: ToShard) => {
  if (message.type === 'wake') readQueue()
  else if (message.type === 'tuned') tune(message)
  else if (message.type === 'turn') {
    shard.turn = message.turn
    post({ type: 'turned' })
  } else if (message.type === 'identified') {
    shard.identified(message.pid, message.identity)
    if (lastNames !== undefined && shard.isNamed) end()
  } else if (message.type === 'located') {
    shard.located(message.address, message.port, message.workload)
    if (lastNames !== undefined && shard.isNamed) end()
  } else if (message.type === 'renamed') shard.renamed(message.pid, message.identity)
  else if (message.type === 'forget') shard.forget(message.pid)
  else stop()
})
readQueue()
