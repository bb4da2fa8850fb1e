/**
 * The cases of test/fixtures/http2. A wire line is frames as in wire.ts, joined by ` ; `. Option: `late`, the connection is
 * older than the agent.
 */
import { Buffer } from 'node:buffer'
import type { StreamName } from '../../../../agent/protocols/analyzer.ts'
import type { Call } from '../calls.ts'
import { type Fixture, readFixtures } from '../fixtures.ts'
import { frameOf } from './wire.ts'

export interface Case extends Fixture {
  isComplete: boolean
}

export function readCases(): Case[] {
  const fixtures = readFixtures('http2', readFrames)
  return fixtures.map((fixture) => ({ ...fixture, isComplete: !fixture.options.includes('late') }))
}

function readFrames(stream: StreamName, text: string): Call {
  return { stream, bytes: new Uint8Array(Buffer.concat(text.split(' ; ').map(frameOf))) }
}
