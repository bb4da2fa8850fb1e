/** Addresses as text: IPv4 dotted, IPv6 in the form of RFC 5952. */

/** @param family 4 or 6 @param bytes in network order, at least 4 or 16 from `at` */
export function addressText(bytes: Uint8Array, at: number, family: number): string {
  if (family === 4) return `${bytes[at]}.${bytes[at + 1]}.${bytes[at + 2]}.${bytes[at + 3]}`
  return ipv6Text(Array.from({ length: 8 }, (_, i) => (bytes[at + 2 * i]! << 8) | bytes[at + 2 * i + 1]!))
}

/** RFC 5952 §4: lower case, no leading zeros, the longest run of two or more zero groups as `::`, the first on a tie. */
function ipv6Text(groups: number[]): string {
  const run = longestZeroRun(groups)
  const text = (from: number, to: number) =>
    groups
      .slice(from, to)
      .map((group) => group.toString(16))
      .join(':')
  if (run.length < 2) return text(0, 8)
  return `${text(0, run.start)}::${text(run.start + run.length, 8)}`
}

function longestZeroRun(groups: number[]): { start: number; length: number } {
  let best = { start: 0, length: 0 }
  for (let start = 0; start < groups.length; start++) {
    let end = start
    while (groups[end] === 0) end++
    if (end - start > best.length) best = { start, length: end - start }
  }
  return best
}

/** Loopback addresses mean something else in every network namespace. */
export function isLoopback(address: string): boolean {
  return address.startsWith('127.') || address === '::1'
}
