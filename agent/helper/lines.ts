/** Text that arrives in pieces, cut into lines of bounded length. */

/** Lines of the helper's stderr, one for each newline. */
export class Lines {
  readonly #maxLength: number
  readonly #onLine: (line: string) => void
  #line = ''
  #cut = false

  /** @param maxLength characters kept of a line; the rest is replaced by `…` */
  constructor(maxLength: number, onLine: (line: string) => void) {
    this.#maxLength = maxLength
    this.#onLine = onLine
  }

  push(text: string): void {
    const pieces = text.split('\n')
    pieces.forEach((piece, index) => {
      if (index > 0) this.end()
      this.#append(piece)
    })
  }

  /** Reports a last line without newline. */
  end(): void {
    if (this.#line !== '') this.#onLine(this.#cut ? `${this.#line}…` : this.#line)
    this.#line = ''
    this.#cut = false
  }

  #append(piece: string): void {
    const room = this.#maxLength - this.#line.length
    if (piece.length > room) this.#cut = true
    this.#line += piece.slice(0, room)
  }
}
