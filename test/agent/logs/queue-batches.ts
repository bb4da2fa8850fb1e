/** Batches that both threads of queue.test.ts can make: of any length from 1 to 1500 bytes, each of its own byte. */
export function batchOf(index: number): Uint8Array {
  return new Uint8Array(1 + ((index * 7919) % 1500)).fill(index % 251)
}
