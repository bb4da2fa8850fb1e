/** agent/connections/gen/event.ts: the kernel's records as offsets and constants, from bpf/event.h. */
import { readDefine, readEnums, readStructs, type Enum, type Field, type Struct } from './c-header.ts'

/** TypeScript source (not yet formatted) for the text of bpf/event.h. */
export function eventModule(eventHeader: string): string {
  return [
    '// Generated from bpf/event.h by `npm run generate`. Do not edit.',
    '// Offsets are bytes from the start of the record or of the totals. Numbers are little-endian.\n',
    docComment('The helper names it in HELLO; records of another version are refused.') +
      `export const EVENT_LAYOUT_VERSION = ${readDefine(eventHeader, 'EVENT_LAYOUT_VERSION')}\n`,
    ...readEnums(eventHeader).map(enumSource),
    ...readStructs(eventHeader).map(structSource),
  ].join('\n')
}

/** `start_ns` to `startNs`. */
export function camelCase(name: string): string {
  return name.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase())
}

/** `record_kind` to `RecordKind`. */
export function pascalCase(name: string): string {
  return camelCase(`_${name.toLowerCase()}`)
}

const COMMENT_COLUMNS = 106

/** A JSDoc block on lines of its own, wrapped; nothing for an empty text. */
export function docComment(text: string): string {
  if (text === '') return ''
  if (text.length <= COMMENT_COLUMNS - 7) return `/** ${text} */\n`
  const lines = text.match(new RegExp(`.{1,${COMMENT_COLUMNS - 3}}(?:\\s+|$)`, 'g')) ?? []
  return `/**\n${lines.map((line) => ` * ${line.trim()}\n`).join('')} */\n`
}

function enumSource({ name, comment, members }: Enum): string {
  const type = pascalCase(name)
  const lines = members.map(
    (member) => `${docComment(member.comment)}${member.name.replace(/^[A-Z]+_/, '')}: ${member.value},`,
  )
  return (
    `${docComment(comment)}export const ${type} = {\n${lines.join('\n')}\n} as const\n` +
    `export type ${type} = (typeof ${type})[keyof typeof ${type}]\n`
  )
}

function structSource({ name, comment, fields, sizeBytes }: Struct): string {
  const constant = name.toUpperCase()
  const own = fields.filter((field) => field.name !== 'head' && field.name !== 'pad')
  return (
    `${docComment(comment)}export const ${constant} = {\n${own.map(fieldSource).join('\n')}\n} as const\n` +
    `export const ${constant}_BYTES = ${sizeBytes}\n`
  )
}

function fieldSource(field: Field): string {
  const name = camelCase(field.name)
  const note = [field.comment, typeNote(field)].filter((part) => part !== '').join('. ')
  const lines = [`${docComment(note)}${name}: ${field.offset},`]
  if (field.count > 1 && field.elementBytes === 1) lines.push(`${name}Bytes: ${field.count},`)
  return lines.join('\n')
}

function typeNote({ type, count }: Field): string {
  const plain = type.replace(/^__/, '')
  return count > 1 ? `${plain}[${count}]` : plain
}
