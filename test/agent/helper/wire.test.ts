/** Frames that both languages must agree on: test/fixtures/wire, see its README. */
import { readdirSync, readFileSync } from 'node:fs'
import test from 'ava'
import { encodeCommand, muteCommands } from '../../../agent/helper/commands.ts'
import { Frames } from '../../../agent/helper/frames.ts'
import {
  MESSAGE_FIELDS,
  MessageKind,
  WIRE_MESSAGE_MAX_BYTES,
  type FieldType,
  type ToHelper,
} from '../../../agent/helper/gen/wire.ts'
import { decodeMessage } from '../../../agent/helper/messages.ts'
import { everyCut } from './cuts.ts'

interface Meaning {
  direction: 'TO_AGENT' | 'TO_HELPER'
  kind: keyof typeof MessageKind
  fields: Record<string, unknown>
}

const FOLDER = new URL('../../fixtures/wire/', import.meta.url)
const text = (file: string) => readFileSync(new URL(file, FOLDER), 'utf8')

/** Frames with what this side never writes: a field it does not know, integers as doubles. */
const FOREIGN = new Set(['configure_more_fields', 'mute_doubles'])

const VALUES: Readonly<Record<FieldType, (json: unknown) => unknown>> = {
  uint: Number,
  uint64: (json) => BigInt(json as string),
  int: Number,
  bool: (json) => json,
  text: (json) => json,
  bytes: (json) => Buffer.from(json as string, 'hex'),
  uint_array: (json) => (json as unknown[]).map(Number),
  array: (json) => json,
}

function messageOf({ kind, fields }: Meaning): Record<string, unknown> {
  const entries = MESSAGE_FIELDS[MessageKind[kind]].map(([name, type]) => [name, VALUES[type](fields[name])])
  return { kind: MessageKind[kind], ...(Object.fromEntries(entries) as Record<string, unknown>) }
}

/** MUTE is the one command whose numbers may have 64 bits. */
function framesOf(meaning: Meaning): Buffer[] {
  if (meaning.kind !== 'MUTE') return [encodeCommand(messageOf(meaning) as unknown as ToHelper)]
  const pairs = meaning.fields['connections'] as [string, number][]
  return muteCommands(pairs.map(([sock, connection]) => [BigInt(sock), BigInt(connection)])).map(
    encodeCommand,
  )
}

const names = readdirSync(FOLDER).flatMap((file) => (file.endsWith('.hex') ? file.slice(0, -4) : []))

for (const name of names) {
  const meaning = JSON.parse(text(`${name}.json`)) as Meaning
  const bytes = Buffer.from(text(`${name}.hex`).replace(/\s/g, ''), 'hex')
  if (meaning.direction === 'TO_AGENT') {
    test(`${name} is read at every cut`, (t) => {
      for (const cut of everyCut(bytes)) {
        const frames = new Frames(WIRE_MESSAGE_MAX_BYTES)
        const messages = cut.flatMap((chunk) => [...frames.push(chunk)].map(decodeMessage))
        t.deepEqual(messages.map(plain), [messageOf(meaning)])
      }
    })
  } else if (!FOREIGN.has(name)) {
    test(`${name} is written byte for byte`, (t) => t.deepEqual(framesOf(meaning), [bytes]))
  }
}

test('there is a frame of every kind', (t) => {
  const kinds = new Set(names.map((name) => (JSON.parse(text(`${name}.json`)) as Meaning).kind))
  t.deepEqual([...kinds].sort(), Object.keys(MessageKind).sort())
})

/** A view is compared by its bytes. */
function plain(message: object): Record<string, unknown> {
  const entries = Object.entries(message).map(([name, value]: [string, unknown]) => {
    return [name, value instanceof Uint8Array ? Buffer.from(value) : value]
  })
  return Object.fromEntries(entries) as Record<string, unknown>
}
