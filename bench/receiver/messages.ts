/** gRPC messages in the body of a call, wherever the network cut it (gRPC over HTTP/2, "Length-Prefixed-Message"). */

/** A flag for compression, and the length. */
const HEADER_BYTES = 5

export class MessageSplitter {
  readonly #onMessage: (message: Buffer) => void
  #rest: Buffer = Buffer.alloc(0)

  /** @param onMessage called with each message, a view that is valid until it returns */
  constructor(onMessage: (message: Buffer) => void) {
    this.#onMessage = onMessage
  }

  /** Takes the next piece of the body. */
  write(piece: Buffer): void {
    const bytes = this.#rest.length === 0 ? piece : Buffer.concat([this.#rest, piece])
    let at = 0
    for (;;) {
      const end = messageEnd(bytes, at)
      if (end > bytes.length) break
      this.#onMessage(bytes.subarray(at + HEADER_BYTES, end))
      at = end
    }
    this.#rest = bytes.subarray(at)
  }

  /** Bytes of a message that has begun and not ended. */
  get pendingBytes(): number {
    return this.#rest.length
  }
}

/** Infinity while the header itself is not there. */
function messageEnd(bytes: Buffer, at: number): number {
  if (bytes.length - at < HEADER_BYTES) return Number.POSITIVE_INFINITY
  return at + HEADER_BYTES + bytes.readUInt32BE(at + 1)
}
