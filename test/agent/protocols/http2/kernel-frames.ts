/** What bpf/frames.h makes of the calls of one direction, as a model: the slow way, byte by byte. */
import { isFrameHeader, isOmitted, lengthAt, PREFACE } from '../../../../agent/protocols/http2/frame.ts'

export interface Walked {
  /** Bytes before the first captured one. */
  skipped: number
  captured: Uint8Array
  isAligned: boolean
}

export class KernelFrames {
  #header: number[] = []
  #left = 0
  #omits = false
  #padDue = false
  #isLost: boolean

  constructor(isComplete: boolean) {
    this.#isLost = !isComplete
  }

  /** Bytes that are in no user memory, as those of sendfile. */
  pass(lengthBytes: number): void {
    if (this.#omits && !this.#padDue && lengthBytes <= this.#left) this.#left -= lengthBytes
    else this.#isLost = true
  }

  walk(bytes: Uint8Array): Walked {
    if (this.#isLost && (bytes.length < 9 || !this.#fits(bytes.subarray(0, 9))))
      return { skipped: 0, captured: new Uint8Array(0), isAligned: false }
    if (this.#isLost) this.#begin()
    const captured: number[] = []
    let skipped = 0
    let isAligned = false
    for (const octet of bytes) {
      if (this.#isLost) break
      const isKept = this.#isKept()
      if (isKept && captured.length === 0) isAligned = this.#left === 0 && this.#header.length === 0
      if (isKept) captured.push(octet)
      else if (captured.length === 0) skipped++
      this.#step(octet)
    }
    return { skipped, captured: Uint8Array.from(captured), isAligned }
  }

  #begin(): void {
    this.#isLost = false
    this.#header = []
    this.#left = 0
    this.#padDue = false
  }

  #isKept(): boolean {
    return this.#left === 0 || !this.#omits || this.#padDue
  }

  #step(octet: number): void {
    if (this.#left > 0) {
      this.#left--
      this.#padDue = false
      return
    }
    if (this.#header.push(octet) < 9) return
    const header = Uint8Array.from(this.#header)
    this.#header = []
    if (!this.#fits(header)) this.#isLost = true
    else if (isPreface(header)) {
      this.#left = PREFACE.length - 9
      this.#omits = false
    } else {
      this.#left = lengthAt(header, 0)
      this.#omits = isOmitted(header[3]!)
      this.#padDue = header[3] === 0 && (header[4]! & 8) !== 0 && this.#left > 0
    }
  }

  #fits(header: Uint8Array): boolean {
    return isPreface(header) || isFrameHeader(header, 0)
  }
}

function isPreface(header: Uint8Array): boolean {
  return header.every((octet, i) => octet === PREFACE.charCodeAt(i))
}
