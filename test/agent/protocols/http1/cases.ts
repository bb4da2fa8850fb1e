/**
 * The cases of test/fixtures/http1. A wire line is text with the escapes \r \n \t \\ \xHH, and `{ab*3}` for ababab.
 * `< walk N F` are bytes that the kernel walked over, F of them chunk framing, and `< walk N F ended` or `lost`.
 * Option: `headBytesMax=N`.
 */
import { Buffer } from 'node:buffer'
import type { StreamName } from '../../../../agent/protocols/analyzer.ts'
import type { Call } from '../calls.ts'
import { type Fixture, readFixtures } from '../fixtures.ts'

export interface Case extends Fixture {
  headBytesMax: number
}

export function readCases(): Case[] {
  return readFixtures('http1', readCall).map((fixture) => ({
    ...fixture,
    headBytesMax: Number(/headBytesMax=(\d+)/.exec(fixture.options)?.[1] ?? 8192),
  }))
}

function readCall(stream: StreamName, text: string): Call {
  const walk = /^walk (\d+) (\d+) ?(ended|lost)?$/.exec(text)
  if (walk === null) return { stream, bytes: unescape(text) }
  const [, gapBytes, framingBytes, outcome] = walk
  const told = { framingBytes: Number(framingBytes), ended: outcome === 'ended', lost: outcome === 'lost' }
  return { stream, gapBytes: Number(gapBytes), walk: told }
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
