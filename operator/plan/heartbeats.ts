/** Which agents have fallen silent. Clocks of other machines are only compared with themselves. */

/** Two heartbeats of 5 minutes may be missed, and a little. */
export const LOST_AFTER_MS = 11 * 60_000

interface Beat {
  heartbeat: string | undefined
  sinceMs: number
}

/** Judges by how long ago a heartbeat was seen to change, never by what it says: agents' clocks may be wrong. */
export class Heartbeats {
  readonly #beats = new Map<string, Beat>()

  /** @param nowMs of a clock that never goes back */
  saw(node: string, heartbeat: string | undefined, nowMs: number): void {
    const beat = this.#beats.get(node)
    if (beat?.heartbeat !== heartbeat || !beat) this.#beats.set(node, { heartbeat, sinceMs: nowMs })
  }

  forget(node: string): void {
    this.#beats.delete(node)
  }

  /** Whether its agent has not been heard of for {@link LOST_AFTER_MS}. One that never was is not silent. */
  isSilent(node: string, nowMs: number): boolean {
    const { heartbeat, sinceMs = nowMs } = this.#beats.get(node) ?? {}
    return heartbeat !== undefined && nowMs - sinceMs >= LOST_AFTER_MS
  }

  *silent(nowMs: number): Generator<string> {
    for (const node of this.#beats.keys()) if (this.isSilent(node, nowMs)) yield node
  }
}
