/** The Huffman code of HPACK (RFC 7541 §5.2 and appendix B), read four bits a step. */

/** Bits of the code of each octet, and of the end of string (256). The code is canonical: lengths are all of it. */
const CODE_BITS: readonly number[] = [
  13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 30, 28, 28, 28, 28,
  28, 28, 28, 28, 28, 6, 10, 10, 12, 13, 6, 8, 11, 10, 10, 8, 11, 8, 6, 6, 6, 5, 5, 5, 6, 6, 6, 6, 6, 6, 6, 7,
  8, 15, 6, 12, 10, 13, 6, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 8, 7, 8, 13, 19,
  13, 14, 6, 15, 5, 6, 5, 6, 5, 6, 6, 6, 5, 7, 7, 6, 6, 6, 5, 6, 7, 6, 5, 5, 6, 7, 7, 7, 7, 7, 15, 11, 14, 13,
  28, 20, 22, 20, 20, 22, 22, 22, 23, 22, 23, 23, 23, 23, 23, 24, 23, 24, 24, 22, 23, 24, 23, 23, 23, 23, 21,
  22, 23, 22, 23, 23, 24, 22, 21, 20, 22, 22, 23, 23, 21, 23, 22, 22, 24, 21, 22, 23, 23, 21, 21, 22, 21, 23,
  22, 23, 23, 20, 22, 22, 22, 23, 22, 22, 23, 26, 26, 20, 19, 22, 23, 22, 25, 26, 26, 26, 27, 27, 26, 24, 25,
  19, 21, 26, 27, 27, 26, 27, 24, 21, 21, 26, 26, 28, 27, 27, 27, 20, 24, 20, 21, 22, 21, 21, 23, 22, 22, 25,
  25, 24, 24, 26, 23, 26, 27, 26, 26, 27, 27, 27, 27, 27, 28, 27, 27, 27, 27, 27, 26, 30,
]
const SHORTEST_CODE_BITS = 5
const LONGEST_CODE_BITS = 30
const END_OF_STRING = 256

/** Codes by octet, the end of string at 256. */
const CODES: readonly number[] = canonicalCodes()

function canonicalCodes(): number[] {
  const codes = new Array<number>(CODE_BITS.length).fill(0)
  let code = 0
  for (let bits = SHORTEST_CODE_BITS; bits <= LONGEST_CODE_BITS; bits++) {
    for (const [symbol, codeBits] of CODE_BITS.entries()) if (codeBits === bits) codes[symbol] = code++
    code *= 2
  }
  return codes
}

/*
 * A state is a node of the code's tree, of which there are 256. A step goes four edges down and passes at most one leaf,
 * since no code is shorter than five bits. An entry of STEPS, by state and nibble: the next state in bits 0 to 7, an
 * octet in 8 to 15, and the marks below.
 */
const EMITS = 1 << 16
const FAILS = 1 << 17
const STATES = 256

/** 1 where a string may end: fewer than eight bits after the last octet, all of them 1. */
const MAY_END = new Uint8Array(STATES)
const STEPS = buildSteps()

interface Node {
  id: number
  depth: number
  isAllOnes: boolean
  symbol: number
  children: [Node | undefined, Node | undefined]
}

function buildSteps(): Int32Array {
  const nodes: Node[] = []
  const grow = (depth: number, isAllOnes: boolean, isLeaf: boolean): Node => {
    const node: Node = { id: nodes.length, depth, isAllOnes, symbol: -1, children: [undefined, undefined] }
    if (!isLeaf) nodes.push(node)
    return node
  }
  const root = grow(0, true, false)
  for (const [symbol, bits] of CODE_BITS.entries()) {
    let node = root
    for (let depth = 1; depth <= bits; depth++) {
      const bit = ((CODES[symbol]! >>> (bits - depth)) & 1) as 0 | 1
      node = node.children[bit] ??= grow(depth, node.isAllOnes && bit === 1, depth === bits)
    }
    node.symbol = symbol
  }
  const steps = new Int32Array(STATES * 16)
  for (const node of nodes) {
    MAY_END[node.id] = node.isAllOnes && node.depth < 8 ? 1 : 0
    for (let nibble = 0; nibble < 16; nibble++) steps[node.id * 16 + nibble] = stepFrom(root, node, nibble)
  }
  return steps
}

function stepFrom(root: Node, from: Node, nibble: number): number {
  let node = from
  let marks = 0
  for (let bit = 3; bit >= 0; bit--) {
    node = node.children[((nibble >>> bit) & 1) as 0 | 1]!
    if (node.symbol === END_OF_STRING) return FAILS
    if (node.symbol < 0) continue
    marks = EMITS | (node.symbol << 8)
    node = root
  }
  return marks | node.id
}

/**
 * Decodes `chunk[begin, end)` into `to`, which must have room for `decodedMaxBytes`.
 * @returns how many octets, or -1: a code for the end of string, or padding that is none
 */
export function decodeHuffman(chunk: Uint8Array, begin: number, end: number, to: Uint8Array): number {
  let length = 0
  let state = 0
  for (let at = begin; at < end; at++) {
    const octet = chunk[at]!
    const high = STEPS[(state << 4) | (octet >>> 4)]!
    if (high & EMITS) to[length++] = high >>> 8
    const low = STEPS[((high & 0xff) << 4) | (octet & 15)]!
    if (low & EMITS) to[length++] = low >>> 8
    if ((high | low) & FAILS) return -1
    state = low & 0xff
  }
  return MAY_END[state] === 1 ? length : -1
}

/** The most octets that so many encoded ones can stand for. */
export function decodedMaxBytes(encodedBytes: number): number {
  return Math.floor((encodedBytes * 8) / SHORTEST_CODE_BITS)
}

/** The fewest octets that so many encoded ones can stand for. */
export function decodedMinBytes(encodedBytes: number): number {
  return Math.ceil(Math.max(encodedBytes * 8 - 7, 0) / LONGEST_CODE_BITS)
}

/** The only encoding there is of these octets. */
export function encodeHuffman(octets: Uint8Array): Uint8Array {
  let bits = ''
  for (const octet of octets) bits += CODES[octet]!.toString(2).padStart(CODE_BITS[octet]!, '0')
  bits = bits.padEnd(Math.ceil(bits.length / 8) * 8, '1')
  return Uint8Array.from({ length: bits.length / 8 }, (_, i) => parseInt(bits.slice(i * 8, i * 8 + 8), 2))
}
