/** The request methods everybody knows: RFC 9110 §9.3 and RFC 5789. Others are legal and kept as text. */
import { SP } from '../text/octets.ts'
import { viewOf } from '../text/scan.ts'
import { equals } from '../text/text.ts'

const METHODS = ['GET', 'POST', 'PUT', 'HEAD', 'DELETE', 'PATCH', 'OPTIONS', 'TRACE', 'CONNECT'] as const

/** By length and then by second letter, which tell the nine apart: `key` is perfect for them. */
const BY_KEY: string[] = new Array<string>(256).fill('')
for (const method of METHODS) BY_KEY[key(method.length, method.charCodeAt(1))] = method

function key(length: number, secondOctet: number): number {
  return ((length & 7) << 5) | (secondOctet & 31)
}

/** The well-known method in `chunk[begin, end)`, or the empty string. */
export function knownMethod(chunk: Uint8Array, begin: number, end: number): string {
  if (end - begin < 3) return ''
  const method = BY_KEY[key(end - begin, chunk[begin + 1]!)]!
  return method.length === end - begin && equals(method, chunk, begin) ? method : ''
}

/** `GET ` and `POST` as little-endian words. */
const GET_SPACE = 0x20544547
const POST = 0x54534f50

/** The method that `chunk[begin, end)` begins with, if it is one of the two that most requests have, and a space. */
export function commonMethod(chunk: Uint8Array, begin: number, end: number): 'GET' | 'POST' | '' {
  if (end - begin < 5) return ''
  const word = viewOf(chunk).getInt32(begin, true)
  if (word === GET_SPACE) return 'GET'
  return word === POST && chunk[begin + 4] === SP ? 'POST' : ''
}
