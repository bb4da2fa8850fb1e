/** Shapes of bodies larger than what is captured of a message, by what is special about them; see chunked.test.ts. */
import fc from 'fast-check'
import type { Step } from './harness/peers.ts'

/** `exact`: nothing may be unknown. `exact or unknown`: the true number, or none. `unknown`: there is no true one. */
export type Verdict = 'exact' | 'exact or unknown' | 'unknown'

export interface Case {
  /** Steps of the response, or of the request's body. */
  steps: readonly Step[]
  upload?: true
  bodyBytes: number
  /** For the side whose calls the steps are; what the other side reads may be cut anywhere. */
  verdict: Verdict
  /** What each read of the other side asks for. */
  readBytes?: number
  /** Responses that the same steps carry after the first one, by their body bytes. */
  pipelined?: readonly number[]
}

const HEAD = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n'
const END = '0\r\n\r\n'
const DATA = 'abcdefghijklmnopqrstuvwxyz!?., '

const data = (bytes: number): string => DATA.repeat(Math.ceil(bytes / DATA.length)).slice(0, bytes)
const chunk = (bytes: number, size = bytes.toString(16)): string => `${size}\r\n${data(bytes)}\r\n`
const chunks = (count: number, bytes: number): string => chunk(bytes).repeat(count)
const write = (text: string): Step => ({ write: text })
const writev = (...texts: string[]): Step => ({ writev: texts })
const pause = (pauseMs: number): Step => ({ pauseMs })
/** The text in writes of so many bytes. */
const writes = (text: string, bytes: number): Step[] =>
  Array.from({ length: Math.ceil(text.length / bytes) }, (_, i) =>
    write(text.slice(i * bytes, (i + 1) * bytes)),
  )

const LENGTH_HEAD = (bytes: number): string => `HTTP/1.1 200 OK\r\nContent-Length: ${bytes}\r\n\r\n`

export const CASES: Record<string, Case> = {
  'one write of head, chunks and end': {
    steps: [write(HEAD + chunks(4, 10_000) + END)],
    bodyBytes: 40_000,
    verdict: 'exact',
  },
  'head, then a write for each chunk': {
    steps: [write(HEAD), ...[9000, 12_000, 40_000, 7].map((n) => write(chunk(n))), write(END)],
    bodyBytes: 61_007,
    verdict: 'exact',
  },
  'size, data and line end in writes of their own': {
    steps: [
      write(HEAD),
      ...Array.from({ length: 20 }, () => [write('3e8\r\n'), write(data(1000)), write('\r\n')]).flat(),
      write(END),
    ],
    bodyBytes: 20_000,
    verdict: 'exact',
  },
  'three thousand chunks of ten bytes in one write': {
    steps: [write(HEAD + chunks(3000, 10) + END)],
    bodyBytes: 30_000,
    verdict: 'exact or unknown',
  },
  'three thousand chunks of ten bytes after the head': {
    steps: [write(HEAD), write(chunks(3000, 10) + END)],
    bodyBytes: 30_000,
    verdict: 'exact or unknown',
  },
  'nine hundred chunks of ten bytes in one write': {
    steps: [write(HEAD + chunks(900, 10) + END)],
    bodyBytes: 9000,
    verdict: 'exact',
  },
  'three thousand chunks of ten bytes in writes of 4,096': {
    steps: writes(HEAD + chunks(3000, 10) + END, 4096),
    bodyBytes: 30_000,
    verdict: 'exact',
  },
  'writes of 4,096 across 2,048 byte chunks, as buffered writers do': {
    steps: writes(HEAD + chunks(40, 2048) + END, 4096),
    bodyBytes: 81_920,
    verdict: 'exact',
  },
  'one writev of many small segments': {
    steps: [writev(HEAD, ...Array.from({ length: 300 }, () => ['32\r\n', data(50), '\r\n']).flat(), END)],
    bodyBytes: 15_000,
    verdict: 'exact',
  },
  'head, then writev after writev, as node does': {
    steps: [
      write(HEAD),
      ...Array.from({ length: 8 }, () => writev('1388\r\n', data(5000), '\r\n')),
      write(END),
    ],
    bodyBytes: 40_000,
    verdict: 'exact',
  },
  'writev with empty segments': {
    steps: [write(HEAD), writev('', '2710\r\n', '', data(10_000), '\r\n'), writev('', END)],
    bodyBytes: 10_000,
    verdict: 'exact',
  },
  'the end in a write together with the last chunk': {
    steps: [write(HEAD), write(chunk(20_000)), write(chunk(10_000) + END)],
    bodyBytes: 30_000,
    verdict: 'exact',
  },
  'chunk extensions': {
    steps: [
      write(HEAD),
      write(chunk(20_000, `${(20_000).toString(16)};name="v; w"`)),
      write(chunk(9000, `${(9000).toString(16)};a=${'b'.repeat(300)}`)),
      write('0;last\r\n\r\n'),
    ],
    bodyBytes: 29_000,
    verdict: 'exact',
  },
  'upper case sizes with leading zeros': {
    steps: [write(HEAD + chunk(0xabcd, '0000ABCD')), write(chunk(0xfff0, 'FFF0')), write('000\r\n\r\n')],
    bodyBytes: 0xabcd + 0xfff0,
    verdict: 'exact',
  },
  'sizes of nine digits': {
    steps: [write(HEAD + chunk(20_000, '000004e20')), write(chunk(20_000, '000004e20') + END)],
    bodyBytes: 40_000,
    verdict: 'exact',
  },
  'a chunk of a million bytes in writes that begin anywhere': {
    steps: [write(HEAD), ...writes(chunk(1_000_000) + END, 77_777)],
    bodyBytes: 1_000_000,
    verdict: 'exact',
  },
  'sizes padded with spaces': {
    steps: [write(HEAD), write(chunk(10_000, '2710  ')), write(chunk(10_000, '2710  ')), write(END)],
    bodyBytes: 20_000,
    verdict: 'exact',
  },
  'the first size padded with a space, the second not': {
    steps: [write(HEAD), write(chunk(10_000, '2710 ')), write(chunk(10_000)), write(END)],
    bodyBytes: 20_000,
    verdict: 'exact',
  },
  'a body that holds chunks in its chunks': {
    steps: [
      write(HEAD),
      write(`${(15_000).toString(16)}\r\n`),
      write(`${chunks(1, 9987)}${END}`),
      write(`${data(15_000 - 9995 - 5)}\r\n`),
      write(END),
    ],
    bodyBytes: 15_000,
    verdict: 'exact',
  },
  trailers: {
    steps: [write(HEAD + chunks(2, 9000)), write('0\r\nX-Sum: 1\r\nX-More: 2\r\n\r\n')],
    bodyBytes: 18_000,
    verdict: 'exact',
  },
  'trailers in the write of the last chunk': {
    steps: [write(HEAD), write(`${chunks(2, 9000)}0\r\nX-Sum: 1\r\n\r\n`)],
    bodyBytes: 18_000,
    verdict: 'exact',
  },
  'bare line feeds': {
    steps: [write(HEAD), write(`2710\n${data(10_000)}\n2710\n${data(10_000)}\n0\n\n`)],
    bodyBytes: 20_000,
    verdict: 'exact or unknown',
  },
  'sendfile for the data of a chunk': {
    steps: [write(`${HEAD}7530\r\n`), { sendfile: data(30_000) }, write(`\r\n${END}`)],
    bodyBytes: 30_000,
    verdict: 'exact',
  },
  'sendfile in the middle of a chunk that is walked over': {
    steps: [
      write(HEAD + chunk(20_000)),
      write(`7530\r\n${data(10_000)}`),
      { sendfile: data(20_000) },
      write(`\r\n${END}`),
    ],
    bodyBytes: 50_000,
    verdict: 'exact',
  },
  'sendfile of whole chunks': {
    steps: [write(HEAD + chunk(20_000)), { sendfile: chunks(3, 5000) }, write(chunk(9000)), write(END)],
    bodyBytes: 44_000,
    verdict: 'exact or unknown',
  },
  'sendfile of whole chunks after a pause, then the end': {
    steps: [write(HEAD + chunk(20_000)), pause(120), { sendfile: chunks(3, 5000) + END }],
    bodyBytes: 35_000,
    verdict: 'exact or unknown',
  },
  'two messages in one sendmmsg': {
    steps: [write(HEAD + chunk(20_000)), { sendmmsg: [chunks(2, 5000), chunks(3, 5000)] }, write(END)],
    bodyBytes: 45_000,
    verdict: 'exact or unknown',
  },
  'a paused body': {
    steps: [
      write(HEAD + chunk(20_000)),
      pause(150),
      write(chunk(30_000)),
      pause(150),
      write(chunk(9000)),
      pause(150),
      write(END),
    ],
    bodyBytes: 59_000,
    verdict: 'exact',
  },
  'a body paused in the middle of a size and of its line end': {
    steps: [
      write(HEAD + chunk(20_000)),
      write('75'),
      pause(120),
      write('30\r'),
      pause(120),
      write(`\n${data(30_000)}\r`),
      pause(120),
      write(`\n${END}`),
    ],
    bodyBytes: 50_000,
    verdict: 'exact',
  },
  'the next response in the write that ends the body': {
    steps: [write(HEAD + chunk(20_000)), write(`${chunk(9000)}${END}${LENGTH_HEAD(3)}abc`)],
    bodyBytes: 29_000,
    verdict: 'exact',
    pipelined: [3],
  },
  'the next response in the one write with head and body': {
    steps: [write(`${HEAD}${chunk(20_000)}${END}${LENGTH_HEAD(3)}abc`)],
    bodyBytes: 20_000,
    verdict: 'exact or unknown',
    pipelined: [3],
  },
  'the next response in the writev that ends the body': {
    steps: [write(HEAD + chunk(20_000)), writev('4', `\r\n1234\r\n${END}${LENGTH_HEAD(3)}`, 'abc')],
    bodyBytes: 20_004,
    verdict: 'exact',
    pipelined: [3],
  },
  'the next response in the writev that ends the body, both chunked': {
    steps: [write(HEAD + chunk(20_000)), writev(END, HEAD, chunk(10_000), END)],
    bodyBytes: 20_000,
    verdict: 'exact or unknown',
    pipelined: [10_000],
  },
  'two large chunked responses in one write, then one that is paused': {
    steps: [
      write(HEAD + chunk(20_000) + END + HEAD + chunk(20_000) + END),
      write(HEAD + chunk(20_000)),
      pause(150),
      write(chunk(15_000).slice(0, 9000)),
      pause(150),
      write(chunk(15_000).slice(9000)),
      pause(150),
      write(END),
    ],
    bodyBytes: 20_000,
    verdict: 'exact or unknown',
    pipelined: [20_000, 35_000],
  },
  'an empty line between two responses': {
    steps: [write(HEAD + chunk(20_000)), write(END), write('\r\n'), write(`${LENGTH_HEAD(3)}abc`)],
    bodyBytes: 20_000,
    verdict: 'exact or unknown',
    pipelined: [3],
  },
  'a size that is not hexadecimal': {
    steps: [write(HEAD + chunk(20_000)), write(`xyz\r\n${data(9000)}\r\n`), write(END)],
    bodyBytes: 0,
    verdict: 'unknown',
  },
  'a size that is too small by two': {
    steps: [write(HEAD), write(`2710\r\n${data(10_002)}\r\n`), write('\r\n')],
    bodyBytes: 0,
    verdict: 'unknown',
  },
  'a size that is too large': {
    steps: [write(HEAD), write(`2730\r\n${data(10_000)}\r\n${chunk(9000)}`), write(END)],
    bodyBytes: 0,
    verdict: 'unknown',
  },
  'a size beyond four gigabytes': {
    steps: [write(HEAD + chunk(20_000)), write(`100000000\r\n\r\n`)],
    bodyBytes: 0,
    verdict: 'unknown',
  },
  'an empty size': {
    steps: [write(HEAD + chunk(20_000)), write(`\r\n\r\n`)],
    bodyBytes: 0,
    verdict: 'unknown',
  },
  'a body with a length that looks like a chunk larger than itself, in the write of its head': {
    steps: [write(`${LENGTH_HEAD(12_000)}5f5e100\r\n${data(11_991)}`)],
    bodyBytes: 12_000,
    verdict: 'exact',
  },
  'a body with a length that looks like a chunk larger than itself, after its head': {
    steps: [write(LENGTH_HEAD(20_000)), write(`5f5e100\r\n${data(19_991)}`)],
    bodyBytes: 20_000,
    verdict: 'exact',
  },
  'a body with a length whose lines look like chunks': {
    steps: [write(LENGTH_HEAD(70_000)), ...writes('100000\n'.repeat(10_000), 8000)],
    bodyBytes: 70_000,
    verdict: 'exact',
  },
  'reads of three bytes': {
    steps: [write(HEAD), write(chunk(9000) + END)],
    readBytes: 3,
    bodyBytes: 9000,
    verdict: 'exact',
  },
  'reads of seven bytes': {
    steps: [write(HEAD), write(chunks(900, 10) + END)],
    readBytes: 7,
    bodyBytes: 9000,
    verdict: 'exact',
  },
  'a chunked upload in one write': {
    upload: true,
    steps: [write(chunks(3, 10_000) + END)],
    bodyBytes: 30_000,
    verdict: 'exact',
  },
  'a chunked upload in a write for each chunk, paused': {
    upload: true,
    steps: [write(chunk(10_000)), pause(120), write(chunk(20_000)), pause(120), write(END)],
    bodyBytes: 30_000,
    verdict: 'exact',
  },
  'a chunked upload read in tiny pieces': {
    upload: true,
    steps: [write(chunks(30, 500) + END)],
    readBytes: 13,
    bodyBytes: 15_000,
    verdict: 'exact',
  },
}

/** Chunks as any server may write them. */
const anyChunk = fc
  .record({
    bytes: fc.oneof(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 30_000 })),
    isUpperCase: fc.boolean(),
    zeros: fc.constantFrom('', '', '', '0', '000'),
    after: fc.constantFrom('', '', '', ';a=b', ';q="x y"'),
  })
  .map(({ bytes, isUpperCase, zeros, after }) => {
    const digits = isUpperCase ? bytes.toString(16).toUpperCase() : bytes.toString(16)
    return { bytes, text: chunk(bytes, `${zeros}${digits}${after}`) }
  })

/** How the bytes that come next are moved. */
const anyCut = fc.record({
  bytes: fc.oneof(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 20_000 })),
  how: fc.constantFrom('write', 'write', 'write', 'writev', 'writev', 'sendfile'),
  pauseMs: fc.constantFrom(0, 0, 0, 0, 0, 0, 0, 60, 120),
})

/** Chunked responses: any chunks, cut into any calls, read in any pieces. */
export const anyCase: fc.Arbitrary<Case> = fc
  .record({
    chunks: fc.array(anyChunk, { minLength: 1, maxLength: 12 }),
    cuts: fc.array(anyCut, { minLength: 1, maxLength: 12 }),
    isHeadAlone: fc.boolean(),
    readBytes: fc.constantFrom(65_536, 65_536, 8192, 4096, 1000, 100),
  })
  .map(({ chunks: list, cuts, isHeadAlone, readBytes }) => {
    const body = list.map(({ text }) => text).join('') + END
    const steps = isHeadAlone ? [write(HEAD), ...cut(body, cuts)] : cut(HEAD + body, cuts)
    const bodyBytes = list.reduce((sum, { bytes }) => sum + bytes, 0)
    return { steps, bodyBytes, readBytes, verdict: 'exact or unknown' as const }
  })

/** The text by the cuts, over and over. */
function cut(text: string, cuts: readonly { bytes: number; how: string; pauseMs: number }[]): Step[] {
  const steps: Step[] = []
  for (let at = 0, i = 0; at < text.length; i++) {
    const { bytes, how, pauseMs } = cuts[i % cuts.length]!
    // Many tiny calls tell nothing new: the second time round they are large.
    const end = at + (i < cuts.length ? bytes : 50 * bytes)
    steps.push(step(text.slice(at, end), how))
    if (pauseMs > 0 && i < cuts.length) steps.push(pause(pauseMs))
    at = end
  }
  return steps
}

function step(text: string, how: string): Step {
  if (how === 'sendfile') return { sendfile: text }
  if (how === 'write') return write(text)
  const third = Math.ceil(text.length / 3)
  return writev(text.slice(0, third), text.slice(third, 2 * third), text.slice(2 * third))
}
