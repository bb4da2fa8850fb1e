/** agent/helper/gen/wire.ts: the messages between helper and agent, from native/wire.def and the counter lists. */
import { readDefine, readList, type ListEntry } from './c-header.ts'
import { docComment, pascalCase } from './generate-event.ts'

export interface WireSources {
  /** Text of native/wire.def. */
  wireDef: string
  /** Text of native/wire.h. */
  wireHeader: string
  /** Text of native/counters.h. */
  countersHeader: string
  /** Text of bpf/event.h. */
  eventHeader: string
}

interface Message {
  direction: 'TO_AGENT' | 'TO_HELPER'
  kind: string
  number: number
  sentence: string
  fields: { name: string; type: string; sentence: string }[]
}

const TYPES: Record<string, string> = {
  uint: 'number',
  uint64: 'bigint',
  int: 'number',
  bool: 'boolean',
  text: 'string',
  bytes: 'Uint8Array',
  uint_array: 'readonly number[]',
  array: 'readonly unknown[]',
}

/** TypeScript source (not yet formatted). Throws when wire.def holds a line it cannot read. */
export function wireModule({ wireDef, wireHeader, countersHeader, eventHeader }: WireSources): string {
  const messages = readMessages(wireDef)
  return [
    '// Generated from native/wire.def, native/wire.h, native/counters.h and bpf/event.h by `npm run generate`. Do not edit.\n',
    constant(
      'Both sides name it in their first message and refuse another.',
      wireHeader,
      'WIRE_PROTOCOL_VERSION',
    ),
    constant('Longest message, its 4-byte length not counted.', wireHeader, 'WIRE_MESSAGE_MAX_BYTES'),
    kindsSource(messages),
    ...messages.map(interfaceSource),
    unionSource('What the helper sends.', 'ToAgent', messages),
    unionSource('What the agent sends.', 'ToHelper', messages),
    fieldsSource(messages),
    countersSource('KERNEL_COUNTERS', 'KernelCounter', readList(eventHeader, 'KERNEL_COUNTERS')),
    countersSource('HELPER_COUNTERS', 'HelperCounter', readList(countersHeader, 'HELPER_COUNTERS')),
  ].join('\n')
}

/** The messages of wire.def, in order, each with its fields in order. */
export function readMessages(wireDef: string): Message[] {
  const messages = new Map<string, Message>()
  for (const line of wireDef.split('\n').filter((text) => /^(MESSAGE|FIELD)\(/.test(text))) {
    const [macro, first = '', second = '', third = '', sentence = ''] = readCall(line)
    if (macro === 'FIELD') {
      const message = messages.get(first)
      if (!message) throw new Error(`wire.def: field before its message: ${line}`)
      if (!(third in TYPES)) throw new Error(`wire.def: unknown type: ${line}`)
      message.fields.push({ name: second, type: third, sentence })
    } else {
      if (first !== 'TO_AGENT' && first !== 'TO_HELPER')
        throw new Error(`wire.def: unknown direction: ${line}`)
      messages.set(second, { direction: first, kind: second, number: Number(third), sentence, fields: [] })
    }
  }
  return [...messages.values()]
}

function readCall(line: string): string[] {
  const call = /^(\w+)\((\w+),\s*(\w+),\s*(\w+),\s*"([^"]*)"\)$/.exec(line)
  if (!call) throw new Error(`wire.def: cannot read: ${line}`)
  return call.slice(1)
}

function constant(sentence: string, header: string, name: string): string {
  return `${docComment(sentence)}export const ${name} = ${readDefine(header, name)}\n`
}

function kindsSource(messages: readonly Message[]): string {
  const lines = messages.map(({ kind, number }) => `${kind}: ${number},`)
  return (
    `/** First element of a message. */\nexport const MessageKind = {\n${lines.join('\n')}\n} as const\n` +
    'export type MessageKind = (typeof MessageKind)[keyof typeof MessageKind]\n'
  )
}

function interfaceSource({ kind, sentence, fields }: Message): string {
  const lines = fields.map(({ name, type, sentence }) => `${docComment(sentence)}${name}: ${TYPES[type]}`)
  const body = [`kind: typeof MessageKind.${kind}`, ...lines].join('\n')
  return `${docComment(sentence)}export interface ${pascalCase(kind)} {\n${body}\n}\n`
}

function unionSource(sentence: string, name: 'ToAgent' | 'ToHelper', messages: readonly Message[]): string {
  const direction = name === 'ToAgent' ? 'TO_AGENT' : 'TO_HELPER'
  const members = messages.filter((message) => message.direction === direction)
  return `${docComment(sentence)}export type ${name} = ${members.map(({ kind }) => pascalCase(kind)).join(' | ')}\n`
}

function fieldsSource(messages: readonly Message[]): string {
  const types = Object.keys(TYPES).map((type) => `'${type}'`)
  const lines = messages.map(({ number, kind, fields }) => {
    const pairs = fields.map(({ name, type }) => `['${name}', '${type}'],`)
    return `/** ${kind} */\n${number}: [\n${pairs.join('\n')}\n],`
  })
  return (
    `/** Types of wire.def. */\nexport type FieldType = ${types.join(' | ')}\n\n` +
    '/** Name and type of the fields that follow the kind, in order. */\n' +
    `export const MESSAGE_FIELDS: Readonly<Record<MessageKind, readonly (readonly [string, FieldType])[]>> = {\n` +
    `${lines.join('\n')}\n}\n`
  )
}

function countersSource(list: string, type: string, entries: readonly ListEntry[]): string {
  const lines = entries.map(({ name, sentence }) => `['${name}', '${sentence}'],`)
  return (
    `/** Name and meaning, in the order of the COUNTERS message. */\nexport const ${list} = [\n${lines.join('\n')}\n] as const\n` +
    `export type ${type} = (typeof ${list})[number][0]\n`
  )
}
