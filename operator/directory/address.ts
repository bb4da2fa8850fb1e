/** Addresses as keys that take little memory. Pure. */
import { isIPv6 } from 'node:net'

/** IPv4 as a signed integer of 32 bits, which needs no allocation; IPv6 as an integer of 128 bits. */
export type AddressKey = bigint | number

const IPV4 = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/
const IPV4_IN_IPV6 = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i
const IPV6_GROUPS = 8

/** @returns undefined when it is no address */
export function addressKey(text: string): AddressKey | undefined {
  const [, a, b, c, d] = IPV4.exec(IPV4_IN_IPV6.exec(text)?.[1] ?? text) ?? []
  if (d !== undefined) return ipv4Key([Number(a), Number(b), Number(c), Number(d)])
  if (!isIPv6(text) || text.includes('%')) return undefined
  return ipv6Key(text)
}

function ipv4Key(octets: readonly number[]): number | undefined {
  let key = 0
  for (const octet of octets) {
    if (octet > 255) return undefined
    key = (key << 8) | octet
  }
  return key
}

function ipv6Key(text: string): bigint {
  // In brackets, in one spelling, all groups hexadecimal.
  const spelled = new URL(`http://[${text}]`).hostname.slice(1, -1)
  const [front = [], back = []] = spelled.split('::').map((part) => part.split(':').filter(Boolean))
  const zeros = Array<string>(IPV6_GROUPS - front.length - back.length).fill('0')
  const digits = [...front, ...zeros, ...back].map((group) => group.padStart(4, '0'))
  return BigInt(`0x${digits.join('')}`)
}
