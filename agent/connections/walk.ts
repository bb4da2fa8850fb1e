/** What the kernel found by stepping from chunk header to chunk header of bytes it did not hand over (RFC 9112 §7.1). */
export interface ChunkWalk {
  /** Of the gap's bytes, those that are chunk framing. */
  framingBytes: number
  /** The chunked body ended with the last byte of the gap. */
  ended: boolean
  /** No chunk was found where one had to be: nothing is known of the framing. */
  lost: boolean
}
