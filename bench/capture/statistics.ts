/** Numbers of several rounds as one. */

export interface Spread {
  min: number
  median: number
  max: number
}

/** @throws when there is no value */
export function spread(values: readonly number[]): Spread {
  const sorted = [...values].sort((a, b) => a - b)
  const [min, max] = [sorted[0], sorted.at(-1)]
  if (min === undefined || max === undefined) throw new Error('no rounds')
  const half = sorted.length / 2
  const middle = sorted.slice(Math.ceil(half) - 1, Math.floor(half) + 1)
  return { min, median: middle.reduce((sum, value) => sum + value, 0) / middle.length, max }
}

/** Round by round: rounds lie side by side in time, so a slower minute of the machine slows both. */
export function ratios(values: readonly number[], references: readonly number[]): Spread {
  return spread(values.map((value, i) => value / (references[i] ?? Number.NaN)))
}

export function differences(values: readonly number[], references: readonly number[]): Spread {
  return spread(values.map((value, i) => value - (references[i] ?? Number.NaN)))
}
