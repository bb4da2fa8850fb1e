/**
 * The input queue of a shard: batches in shared memory, written by the main thread and read by the worker in place.
 * Nothing is allocated per batch, and a message wakes the worker only when it sleeps.
 *
 *     used = written - read, modulo 2^32
 *     [ length | records | payload, padded to 8 ] [ ... ]   a batch is never broken at the end of the ring:
 *     [ SKIP | 0 ] says that the next one is at the start
 */

/** Slots of the shared state. */
const WRITTEN = 0
const READ = 1
/** Records consumed, modulo 2^32. */
const CONSUMED = 2
/** 1: the worker found nothing and waits for a message. */
const SLEEPING = 3
/** 1: the main thread waits for room and wants a message. */
const WATCHED = 4
const SLOTS = 6

const STATE_BYTES = 4 * SLOTS
const HEAD_BYTES = 8
const SKIP = 0xffff_ffff

/** Memory of a queue, to be shared with the worker. @param capacityBytes a power of two, at least 4 KiB */
export function queueMemory(capacityBytes: number): SharedArrayBuffer {
  return new SharedArrayBuffer(STATE_BYTES + capacityBytes)
}

/** Views of the memory that both sides have. */
class SharedQueue {
  protected readonly state: Int32Array
  protected readonly bytes: Uint8Array
  protected readonly heads: Uint32Array
  protected readonly capacityBytes: number

  constructor(memory: SharedArrayBuffer) {
    this.capacityBytes = memory.byteLength - STATE_BYTES
    this.state = new Int32Array(memory, 0, SLOTS)
    this.bytes = new Uint8Array(memory, STATE_BYTES)
    this.heads = new Uint32Array(memory, STATE_BYTES)
  }

  protected load(slot: number): number {
    return Atomics.load(this.state, slot) >>> 0
  }

  protected store(slot: number, value: number): void {
    Atomics.store(this.state, slot, value | 0)
  }

  /** Bytes from a position to the end of the ring. */
  protected toEnd(position: number): number {
    return this.capacityBytes - (position % this.capacityBytes)
  }
}

/** The main thread's side. */
export class QueueWriter extends SharedQueue {
  #records = 0

  /** Bytes in the queue, heads and padding included. */
  get usedBytes(): number {
    return (this.load(WRITTEN) - this.load(READ)) >>> 0
  }

  /** Records sent and not yet consumed. */
  get queuedRecords(): number {
    return (this.#records - this.load(CONSUMED)) >>> 0
  }

  /** Copies a batch in. False, and nothing is done, when there is no room for it. */
  offer(payload: Uint8Array, records: number): boolean {
    const entryBytes = HEAD_BYTES + ((payload.length + 7) & ~7)
    const written = this.load(WRITTEN)
    const skipBytes = this.toEnd(written) < entryBytes ? this.toEnd(written) : 0
    if (this.usedBytes + skipBytes + entryBytes > this.capacityBytes) return false
    if (skipBytes > 0) this.#writeHead(written, SKIP, 0)
    const at = (written + skipBytes) >>> 0
    this.#writeHead(at, payload.length, records)
    this.bytes.set(payload, (at % this.capacityBytes) + HEAD_BYTES)
    this.#records = (this.#records + records) >>> 0
    this.store(WRITTEN, at + entryBytes)
    return true
  }

  /** True once after the worker fell asleep: it needs a message. */
  mustWake(): boolean {
    return Atomics.exchange(this.state, SLEEPING, 0) === 1
  }

  /** Asks for a message when room was made, or no longer. */
  watch(on: boolean): void {
    this.store(WATCHED, on ? 1 : 0)
  }

  #writeHead(position: number, length: number, records: number): void {
    const slot = (position % this.capacityBytes) / 4
    this.heads[slot] = length
    this.heads[slot + 1] = records
  }
}

/** The worker's side. */
export class QueueReader extends SharedQueue {
  /** Bytes of the entry that `take` returned. */
  #entryBytes = 0
  #records = 0

  /** The oldest batch, in place: valid until `release`. Undefined when there is none. */
  take(): Uint8Array | undefined {
    let read = this.load(READ)
    if (read === this.load(WRITTEN)) return undefined
    if (this.#length(read) === SKIP) {
      read = (read + this.toEnd(read)) >>> 0
      this.store(READ, read)
    }
    const length = this.#length(read)
    const at = read % this.capacityBytes
    this.#records = this.heads[at / 4 + 1]!
    this.#entryBytes = HEAD_BYTES + ((length + 7) & ~7)
    return this.bytes.subarray(at + HEAD_BYTES, at + HEAD_BYTES + length)
  }

  /** Gives the room of the batch back. True: the main thread waits for it and wants a message. */
  release(): boolean {
    this.store(READ, this.load(READ) + this.#entryBytes)
    Atomics.add(this.state, CONSUMED, this.#records)
    return this.load(WATCHED) === 1
  }

  /** Before waiting for a message. False: something came in between, go on reading. */
  sleep(): boolean {
    this.store(SLEEPING, 1)
    if (this.load(READ) === this.load(WRITTEN)) return true
    return Atomics.exchange(this.state, SLEEPING, 0) === 0
  }

  #length(position: number): number {
    return this.heads[(position % this.capacityBytes) / 4]!
  }
}
