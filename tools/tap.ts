/** Reads the Test Anything Protocol: counts results and turns them into lines for people. */

export interface TapCounts {
  passed: number
  failed: number
  skipped: number
}

export class TapReader {
  readonly counts: TapCounts = { passed: 0, failed: 0, skipped: 0 }
  /** What `line` answered for failed tests: their titles and what they said, to be repeated where a reader looks first. */
  readonly failures: string[] = []
  #failing = false

  /** What to print for a line, undefined for nothing. */
  line(text: string): string | undefined {
    const result = /^(not )?ok\b(?: \d+)?(?: - )?(.*)$/.exec(text)
    if (result) return this.#result(result[1] === undefined, result[2] ?? '')
    if (/^(TAP version|\d+\.\.\d+|# )/.test(text)) return undefined
    if (!this.#failing || /^\s*(---|\.\.\.)\s*$/.test(text)) return undefined
    this.failures.push(text)
    return text
  }

  #result(ok: boolean, text: string): string {
    const [, title = text, directive] = /^(.*?)\s*#\s*(skip|todo)\b/i.exec(text) ?? []
    this.#failing = !ok && directive === undefined
    if (directive !== undefined) this.counts.skipped++
    else if (ok) this.counts.passed++
    else this.counts.failed++
    const shown = `${directive !== undefined ? '  -' : ok ? '  ✓' : '  ✗'} ${title}`
    if (this.#failing) this.failures.push(shown)
    return shown
  }
}
