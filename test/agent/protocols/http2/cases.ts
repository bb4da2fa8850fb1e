/**
 * Reads the cases of test/fixtures/http2/*.md: a heading, a sentence of why, what passes on the wire, what is logged.
 * A wire line is one call, `>` of the client or `<` of the server: frames as in wire.ts, joined by ` ; `. `gap N` are bytes
 * that passed uncaptured, `close` ends the connection. Options stand after `wire`: `late`, the connection is older than
 * the agent; `whole: REASON`, cuts change what can be known; `side=server|client`, else both.
 */
import { Buffer } from 'node:buffer'
import { readdirSync, readFileSync } from 'node:fs'
import { REQUEST, RESPONSE, type StreamName } from '../../../../agent/protocols/analyzer.ts'
import { frameOf } from './wire.ts'

export type Call =
  { stream: StreamName; bytes: Uint8Array } | { stream: StreamName; gapBytes: number } | 'close'

export interface Case {
  name: string
  calls: Call[]
  log: string[]
  sides: ('server' | 'client')[]
  isComplete: boolean
  isCuttable: boolean
}

const FIXTURES = new URL('../../../fixtures/http2/', import.meta.url)

export function readCases(): Case[] {
  const files = readdirSync(FIXTURES).filter((file) => file.endsWith('.md'))
  return files.sort().flatMap((file) => {
    const sections = readFileSync(new URL(file, FIXTURES), 'utf8').split(/^## /m)
    return sections.slice(1).map((section) => readCase(file, section))
  })
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
    isComplete: !options.includes('late'),
    isCuttable: !options.includes('whole:'),
  }
}

function linesOf(block: string): string[] {
  return block.split('\n').filter((line) => line !== '')
}

export function readCall(line: string): Call {
  if (line === 'close') return 'close'
  if (!/^[<>] /.test(line)) throw new Error(`not a call: ${line}`)
  const stream = line.startsWith('> ') ? REQUEST : RESPONSE
  const gap = /^gap (\d+)$/.exec(line.slice(2))
  if (gap !== null) return { stream, gapBytes: Number(gap[1]) }
  const frames = line.slice(2).split(' ; ').map(frameOf)
  return { stream, bytes: new Uint8Array(Buffer.concat(frames)) }
}
