/** Octets of a known number that come in pieces: of a frame's header or payload that the end of a call has cut off. */

const NOTHING = new Uint8Array(0)

export class Fragment {
  octets = NOTHING
  /** How many of them have come. */
  length = 0

  get isWhole(): boolean {
    return this.length === this.octets.length
  }

  begin(lengthBytes: number): void {
    this.octets = new Uint8Array(lengthBytes)
    this.length = 0
  }

  /** Takes what is missing from `chunk[at, end)`, as far as it goes. @returns index after what was taken */
  append(chunk: Uint8Array, at: number, end: number): number {
    const taken = Math.min(end - at, this.octets.length - this.length)
    this.octets.set(chunk.subarray(at, at + taken), this.length)
    this.length += taken
    return at + taken
  }

  /** Gives the memory back: most connections need it seldom. @returns the octets that were there */
  take(): Uint8Array {
    const { octets } = this
    this.octets = NOTHING
    this.length = 0
    return octets
  }
}
