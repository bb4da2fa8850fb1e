/** Which agents have fallen silent. Clocks of other machines are only compared with themselves. */

/** Two heartbeats of 5 minutes may be missed, and a little. */
export const LOST_AFTER_MS = 11 * 60_000

/**
 * Where all is well something is heard every minute, if only a bookmark; a watch that has died is opened anew after two.
 * Less than this cannot make an agent miss two heartbeats.
 */
export const DEAF_AFTER_MS = 4 * 60_000
/** Within it every living agent is heard: 5 minutes and a tenth, and what a failed write waits before the next. */
export const GRACE_MS = 7 * 60_000

interface Beat {
  heartbeat: string | undefined
  sinceMs: number
}

/** Judges by how long ago a heartbeat was seen to change, never by what it says: agents' clocks may be wrong. */
export class Heartbeats {
  readonly #beats = new Map<string, Beat>()
  #heardMs: number | undefined
  /** Since when it hears without a break. */
  #hearsSinceMs: number | undefined

  /** @param nowMs of a clock that never goes back */
  saw(node: string, heartbeat: string | undefined, nowMs: number): void {
    const beat = this.#beats.get(node)
    if (beat?.heartbeat !== heartbeat || !beat) this.#beats.set(node, { heartbeat, sinceMs: nowMs })
  }

  /** The API server said something of agents' statuses: who is silent from here on is so by itself. */
  heard(nowMs: number): void {
    if (this.silenceMs(nowMs) >= DEAF_AFTER_MS) this.#hearsSinceMs = nowMs
    this.#heardMs = nowMs
  }

  /** Since the API server last said something; 0 before it ever did. */
  silenceMs(nowMs: number): number {
    return nowMs - (this.#heardMs ?? nowMs)
  }

  forget(node: string): void {
    this.#beats.delete(node)
  }

  /**
   * Whether its agent has not been heard of for {@link LOST_AFTER_MS}. One that never was is not silent; and nobody is
   * while the operator hears nothing itself, or has only just begun to hear again.
   */
  isSilent(node: string, nowMs: number): boolean {
    if (this.silenceMs(nowMs) >= DEAF_AFTER_MS) return false
    if (this.#hearsSinceMs !== undefined && nowMs - this.#hearsSinceMs < GRACE_MS) return false
    const { heartbeat, sinceMs = nowMs } = this.#beats.get(node) ?? {}
    return heartbeat !== undefined && nowMs - sinceMs >= LOST_AFTER_MS
  }

  *silent(nowMs: number): Generator<string> {
    for (const node of this.#beats.keys()) if (this.isSilent(node, nowMs)) yield node
  }
}
