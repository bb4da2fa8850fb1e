/** Random choices of the fuzz tests, the same everywhere for a seed. */

/** xorshift32: small. */
export function dice(seed: number) {
  let state = seed | 1
  const below = (limit: number): number => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return (state >>> 0) % limit
  }
  return { below, pick: <T>(from: readonly T[]): T => from[below(from.length)]! }
}
export type Dice = ReturnType<typeof dice>
