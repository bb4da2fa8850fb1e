/** Sizes and durations as a policy writes them. Pure. */

const KIB = 1024
const SIZE_UNITS: Readonly<Record<string, number>> = { '': 1, k: KIB, m: KIB ** 2, g: KIB ** 3 }
const DURATION_UNITS_MS: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  ms: 1,
  s: 1e3,
  m: 60e3,
  h: 3600e3,
}

/** Bytes of `400KB`, `400Ki`, `1.5MB`, `4096`, rounded down; all units are powers of 1024. NaN: not a size. */
export function sizeBytes(text: string): number {
  const [, amount, unit = ''] = /^(\d+(?:\.\d+)?)(?:([KMG])(?:B|i|iB)|B)?$/.exec(text) ?? []
  return Math.floor(Number(amount ?? NaN) * (SIZE_UNITS[unit.toLowerCase()] ?? NaN))
}

/** Milliseconds of a Go duration such as `500ms` or `1m30s`, rounded to whole ones. NaN: not a duration. */
export function durationMs(text: string): number {
  if (!/^(\d+(\.\d+)?(ns|us|ms|s|m|h))+$/.test(text)) return NaN
  let sumMs = 0
  for (const [, amount, unit = ''] of text.matchAll(/(\d+(?:\.\d+)?)(ns|us|ms|s|m|h)/g)) {
    sumMs += Number(amount) * (DURATION_UNITS_MS[unit] ?? NaN)
  }
  return Math.round(sumMs)
}
