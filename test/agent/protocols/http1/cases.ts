/**
 * Reads the cases of test/fixtures/http1/*.md. A case is a heading, a sentence of why, what passes on the wire
 * and what is logged:
 *
 *     ## HEAD responses have no body
 *     Content-Length is present, but RFC 9110 §9.3.2 says that no bytes follow.
 *     ```wire
 *     > HEAD / HTTP/1.1\r\nHost: a\r\n\r\n
 *     < HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n
 *     ```
 *     ```log
 *     HEAD / 200 request=30+0 response=38+0 host=a
 *     ```
 *
 * A wire line is one call: `>` request bytes, `<` response bytes, with the escapes \r \n \t \\ \xHH, and `{ab*3}`
 * for ababab. `> gap N` and `< gap N` are bytes that passed uncaptured, `< walk N F` such that the kernel walked over,
 * F of them chunk framing, and `< walk N F ended` or `lost`; `close` ends the connection. Options stand after `wire`: `side=server|client` (else both), `headBytesMax=N`, `whole: REASON` when cuts change what can be known.
 */
import { Buffer } from 'node:buffer'
import { readdirSync, readFileSync } from 'node:fs'
import { REQUEST, RESPONSE, type ChunkWalk, type StreamName } from '../../../../agent/protocols/analyzer.ts'

export interface Bytes {
  stream: StreamName
  bytes: Uint8Array
}
export interface Gap {
  stream: StreamName
  gapBytes: number
  walk?: ChunkWalk
}
export type Call = Bytes | Gap | 'close'

export interface Case {
  name: string
  calls: Call[]
  log: string[]
  sides: ('server' | 'client')[]
  headBytesMax: number
  /** Cutting calls must change nothing. */
  cuttable: boolean
}

const FIXTURES = new URL('../../../fixtures/http1/', import.meta.url)

export function readCases(): Case[] {
  const files = readdirSync(FIXTURES).filter((file) => file.endsWith('.md'))
  return files.sort().flatMap((file) => readFile(file))
}

function readFile(file: string): Case[] {
  const sections = readFileSync(new URL(file, FIXTURES), 'utf8').split(/^## /m)
  return sections.slice(1).map((section) => readCase(file, section))
}

function readCase(file: string, section: string): Case {
  const name = `${file.replace('.md', '')}: ${section.slice(0, section.indexOf('\n'))}`
  const wire = /^```wire(?<options>.*)\n(?<lines>[^]*?)^```$/m.exec(section)?.groups
  const log = /^```log\n(?<lines>[^]*?)^```$/m.exec(section)?.groups
  if (wire === undefined || log === undefined) throw new Error(`${name}: a case needs a wire and a log block`)
  const options = wire['options']!
  const side = /side=(server|client)/.exec(options)?.[1] as 'server' | 'client' | undefined
  return {
    name,
    calls: linesOf(wire['lines']!).map(readCall),
    log: linesOf(log['lines']!),
    sides: side === undefined ? ['server', 'client'] : [side],
    headBytesMax: Number(/headBytesMax=(\d+)/.exec(options)?.[1] ?? 8192),
    cuttable: !options.includes('whole:'),
  }
}

function linesOf(block: string): string[] {
  return block.split('\n').filter((line) => line !== '')
}

function readCall(line: string): Call {
  if (line === 'close') return 'close'
  const stream = line.startsWith('> ') ? REQUEST : RESPONSE
  const gap = /^[<>] gap (\d+)$/.exec(line)
  if (gap !== null) return { stream, gapBytes: Number(gap[1]) }
  const walk = /^[<>] walk (\d+) (\d+) ?(ended|lost)?$/.exec(line)
  if (walk !== null) {
    const [, gapBytes, framingBytes, outcome] = walk
    const told = { framingBytes: Number(framingBytes), ended: outcome === 'ended', lost: outcome === 'lost' }
    return { stream, gapBytes: Number(gapBytes), walk: told }
  }
  if (!/^[<>] /.test(line)) throw new Error(`not a call: ${line}`)
  return { stream, bytes: unescape(line.slice(2)) }
}

const ESCAPES: Record<string, string> = { r: '\r', n: '\n', t: '\t', '\\': '\\' }

function unescape(text: string): Uint8Array {
  const repeated = text.replace(/\{(.+?)\*(\d+)\}/g, (_, unit: string, count: string) =>
    unit.repeat(Number(count)),
  )
  const escaped = Buffer.from(repeated, 'utf8').toString('latin1')
  const plain = escaped.replace(/\\(?:x([0-9a-f]{2})|([rnt\\]))/g, (_, hex?: string, letter?: string) =>
    hex === undefined ? ESCAPES[letter!]! : String.fromCharCode(parseInt(hex, 16)),
  )
  return new Uint8Array(Buffer.from(plain, 'latin1'))
}
