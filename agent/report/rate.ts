/** How fast a total grows, over a window of some seconds. Pure: the clock comes in. */
export class Rate {
  readonly #windowMs: number
  #samples: { timeMs: number; total: number }[] = []

  constructor(windowMs: number) {
    this.#windowMs = windowMs
  }

  /** Takes in a total and returns its growth per second since the oldest sample of the window; 0 at first. */
  add(timeMs: number, total: number): number {
    const from = timeMs - this.#windowMs
    // One sample older than the window stays, so that all of the window counts.
    while ((this.#samples[1]?.timeMs ?? Infinity) <= from) this.#samples.shift()
    this.#samples.push({ timeMs, total })
    const [first] = this.#samples
    if (first === undefined || first.timeMs === timeMs) return 0
    return ((total - first.total) * 1_000) / (timeMs - first.timeMs)
  }
}
