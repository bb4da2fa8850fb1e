/** Addresses as keys that take little memory. Pure. */
import { isIPv6 } from 'node:net'

/** IPv4 as a number that needs no allocation, IPv6 as text in one spelling. */
export type AddressKey = number | string

const IPV4 = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/
const IPV4_IN_IPV6 = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i

/** @returns undefined when it is no address */
export function addressKey(text: string): AddressKey | undefined {
  const [, a, b, c, d] = IPV4.exec(IPV4_IN_IPV6.exec(text)?.[1] ?? text) ?? []
  if (d !== undefined) return ipv4Key([Number(a), Number(b), Number(c), Number(d)])
  if (!isIPv6(text) || text.includes('%')) return undefined
  return new URL(`http://[${text}]`).hostname
}

function ipv4Key(octets: readonly number[]): number | undefined {
  let key = 0
  for (const octet of octets) {
    if (octet > 255) return undefined
    key = (key << 8) | octet
  }
  return key
}
