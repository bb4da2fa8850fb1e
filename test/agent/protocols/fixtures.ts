/**
 * Reads the cases of test/fixtures/http1 and http2. A case is a heading, a sentence of why, what passes on the wire and
 * what is logged:
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
 * A wire line is one call: `>` of the client or `<` of the server, in the protocol's own notation. `> gap N` are bytes that
 * passed uncaptured, `close` ends the connection. Options stand after `wire`: `side=server|client` (else both), `whole:
 * REASON` when cuts change what can be known, and the protocol's own.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { REQUEST, RESPONSE, type StreamName } from '../../../agent/protocols/analyzer.ts'
import type { Call } from './calls.ts'

export interface Fixture {
  name: string
  calls: Call[]
  /** As `logLine` writes them. */
  log: string[]
  sides: ('server' | 'client')[]
  /** Cutting calls must change nothing. */
  isCuttable: boolean
  /** What stands after `wire`. */
  options: string
}

/** Reads what stands after the arrow of a wire line. */
export type ReadCall = (stream: StreamName, text: string) => Call

export function readFixtures(protocol: 'http1' | 'http2', read: ReadCall): Fixture[] {
  const folder = new URL(`../../fixtures/${protocol}/`, import.meta.url)
  const files = readdirSync(folder).filter((file) => file.endsWith('.md'))
  return files.sort().flatMap((file) => {
    const sections = readFileSync(new URL(file, folder), 'utf8').split(/^## /m)
    return sections.slice(1).map((section) => readFixture(file, section, read))
  })
}

function readFixture(file: string, section: string, read: ReadCall): Fixture {
  const name = `${file.replace('.md', '')}: ${section.slice(0, section.indexOf('\n'))}`
  const wire = /^```wire(?<options>.*)\n(?<lines>[^]*?)^```$/m.exec(section)?.groups
  const log = /^```log\n(?<lines>[^]*?)^```$/m.exec(section)?.groups
  if (wire === undefined || log === undefined) throw new Error(`${name}: a case needs a wire and a log block`)
  const options = wire['options']!
  const side = /side=(server|client)/.exec(options)?.[1] as 'server' | 'client' | undefined
  return {
    name,
    calls: linesOf(wire['lines']!).map((line) => readCall(line, read)),
    log: linesOf(log['lines']!),
    sides: side === undefined ? ['server', 'client'] : [side],
    isCuttable: !options.includes('whole:'),
    options,
  }
}

function linesOf(block: string): string[] {
  return block.split('\n').filter((line) => line !== '')
}

/** One wire line. @throws when it is none */
function readCall(line: string, read: ReadCall): Call {
  if (line === 'close') return 'close'
  if (!/^[<>] /.test(line)) throw new Error(`not a call: ${line}`)
  const stream = line.startsWith('> ') ? REQUEST : RESPONSE
  const gap = /^gap (\d+)$/.exec(line.slice(2))
  return gap === null ? read(stream, line.slice(2)) : { stream, gapBytes: Number(gap[1]) }
}
