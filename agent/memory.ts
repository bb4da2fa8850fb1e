/** Memory outside of V8's heap, which megabytes a second pass through. */

/**
 * Gives the memory of a typed array back at once: the garbage collector has little reason to run, and would come for it
 * when tens of MiB lie about. What is a view of a larger buffer belongs to that, and stays.
 */
export function free({ buffer, byteLength }: Uint8Array): void {
  if (buffer instanceof ArrayBuffer && byteLength === buffer.byteLength) buffer.transfer(0)
}
