/** The recording through the stages of the agent, each a little further than the one before. */
import { ConnectionReader } from '../../agent/connections/reader.ts'
import { Frames } from '../../agent/helper/frames.ts'
import { MessageKind, WIRE_MESSAGE_MAX_BYTES } from '../../agent/helper/gen/wire.ts'
import { decodeMessage } from '../../agent/helper/messages.ts'
import type { Batch } from '../../agent/logs/encode.ts'
import { ShardOutputs, type TextFormat } from '../../agent/logs/outputs.ts'
import { Shard } from '../../agent/logs/shard.ts'
import { WallClock } from '../../agent/logs/time.ts'
import type { Recording } from './recording.ts'

/** What a pipe gives at once. */
const CHUNK_BYTES = 65_536
const FLUSH_MAX_COUNT = 2_000

/** The recording as the bytes of the helper's stdout, cut as a pipe cuts them. */
export function wireChunks({ batches }: Recording): Buffer[] {
  const stream = Buffer.concat(batches.flatMap((payload) => [frameHead(payload.length), payload]))
  const chunks: Buffer[] = []
  for (let at = 0; at < stream.length; at += CHUNK_BYTES) chunks.push(stream.subarray(at, at + CHUNK_BYTES))
  return chunks
}

/** Length, then CBOR: array(4), kind, shard 0, records 0 (nobody counts here), head of the payload. */
function frameHead(payloadBytes: number): Buffer {
  const head = Buffer.from([0, 0, 0, 0, 0x84, MessageKind.BATCH, 0, 0, 0x5a, 0, 0, 0, 0])
  head.writeUInt32BE(head.length - 4 + payloadBytes, 0)
  head.writeUInt32BE(payloadBytes, 9)
  return head
}

export function split(chunks: readonly Buffer[]): void {
  const frames = new Frames(WIRE_MESSAGE_MAX_BYTES)
  for (const chunk of chunks) for (const frame of frames.push(chunk)) decodeMessage(frame)
}

const NOBODY = {
  opened: () => 0,
  secured() {},
  operation() {},
  bytes() {},
  framed() {},
  gap() {},
  closed() {},
}

export function read({ batches }: Recording): void {
  const reader = new ConnectionReader<number>(NOBODY)
  for (const batch of batches) reader.read(batch)
}

/** Everything a shard does. @returns the batches for the backend, when there is one */
export function analyze({ batches }: Recording, backend: boolean, text: TextFormat): Batch[] {
  const shard = makeShard(backend, text)
  const flushed: Batch[] = []
  for (const batch of batches) {
    shard.read(batch)
    if (shard.waiting >= FLUSH_MAX_COUNT) flushed.push(...shard.flush(false).batches)
  }
  flushed.push(...shard.flush(true).batches)
  return flushed
}

/** Exchanges in the recording. */
export function countExchanges({ batches }: Recording): number {
  const shard = makeShard(false, 'none')
  for (const batch of batches) shard.read(batch)
  return shard.tally.exchanges
}

function makeShard(backend: boolean, text: TextFormat): Shard {
  const workload = { service: 'nginx', pod: 'node', container: '', process: 'nginx', pid: 1 }
  const shard: Shard = new Shard({
    outputs: new ShardOutputs({ backend, text, clock: new WallClock(0n) }),
    requests: { identify: (pid) => shard.identified(pid, { workload, filteredBy: undefined }), mute() {} },
    headBytesMax: 8192,
    endpointsMax: 65_536,
    patienceFlushes: 2,
  })
  return shard
}
