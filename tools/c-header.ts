/**
 * Reads the subset of C that the contract headers use: integer #defines, enums, structs of fixed-width members,
 * and X-macro lists. Anything else in a struct or an enum is an error, so that nothing is silently left out.
 */

export interface EnumMember {
  name: string
  value: number
  comment: string
}

export interface Enum {
  name: string
  comment: string
  members: EnumMember[]
}

export interface Field {
  name: string
  /** C type without array brackets, for example `__u64` or `struct totals`. */
  type: string
  /** Array length; 1 for a plain member. */
  count: number
  offset: number
  /** Bytes of one element. */
  elementBytes: number
  comment: string
}

export interface Struct {
  name: string
  comment: string
  fields: Field[]
  /** sizeof, tail padding included. */
  sizeBytes: number
  alignBytes: number
}

export interface ListEntry {
  name: string
  sentence: string
}

const SCALAR_BYTES: Record<string, number> = {
  __u8: 1,
  __s8: 1,
  char: 1,
  __u16: 2,
  __s16: 2,
  __u32: 4,
  __s32: 4,
  __u64: 8,
  __s64: 8,
}

/** Value of `#define name`, an integer or a sum of products of integers. Throws when absent or something else. */
export function readDefine(source: string, name: string): number {
  const line = new RegExp(`^#define[ \\t]+${name}[ \\t]+(.+)$`, 'm').exec(source)?.[1]
  if (line === undefined) throw new Error(`no #define ${name}`)
  const expression = withoutComments(line).replace(/[()\s]|(?<=\d)[uUlL]+/g, '')
  if (!/^\d+([*+]\d+)*$/.test(expression)) throw new Error(`#define ${name} ${line}: not a sum of products`)
  const product = (term: string) => term.split('*').reduce((result, factor) => result * Number(factor), 1)
  return expression.split('+').reduce((sum, term) => sum + product(term), 0)
}

/** Enums with a literal value for each member. Enums filled by an X-macro are left to readList. */
export function readEnums(source: string): Enum[] {
  const enums: Enum[] = []
  for (const { name, body, comment } of readBlocks(source, 'enum')) {
    if (body.includes('#define')) continue
    enums.push({ name, comment, members: readItems(body, ',').map((item) => readEnumMember(name, item)) })
  }
  return enums
}

/** Structs in order, with offsets by natural alignment. A struct may contain structs that stand before it. */
export function readStructs(source: string): Struct[] {
  const known = new Map<string, Struct>()
  for (const { name, body, comment } of readBlocks(source, 'struct'))
    known.set(name, layOut(name, comment, readItems(body, ';'), known))
  return [...known.values()]
}

/** Entries of an X-macro list `#define LIST(X) X(name, "sentence") ...`. */
export function readList(source: string, list: string): ListEntry[] {
  const body = new RegExp(`#define ${list}\\(X\\)((?:[^\\n]*\\\\\\n)*[^\\n]*)`).exec(source)?.[1]
  if (body === undefined) throw new Error(`no list ${list}(X)`)
  const entries = [...body.matchAll(/X\((\w+),\s*"([^"]*)"\)/g)]
  return entries.map(([, name = '', sentence = '']) => ({ name, sentence }))
}

/** The text of a C comment as one line. */
export function commentText(comment: string): string {
  return comment
    .replace(/^\s*\/\*|\*\/\s*$/g, '')
    .replace(/\s*\n\s*\*\s*/g, ' ')
    .trim()
}

interface Item {
  code: string
  comment: string
}

function withoutComments(code: string): string {
  return code.replace(/\/\*[\s\S]*?\*\//g, ' ').trim()
}

function readBlocks(source: string, keyword: 'enum' | 'struct') {
  const pattern = new RegExp(
    `(/\\*(?:(?!\\*/)[\\s\\S])*\\*/\\n)?^${keyword} (\\w+) \\{\\n([\\s\\S]*?)^\\};`,
    'gm',
  )
  return [...source.matchAll(pattern)].map(([, comment = '', name = '', body = '']) => ({
    name,
    body,
    comment: commentText(comment),
  }))
}

/** Members of a body, each with the comment that trails it on its line. */
function readItems(body: string, separator: ',' | ';'): Item[] {
  const items: Item[] = []
  for (const line of body.split('\n')) {
    const code = withoutComments(line)
    const comment = commentText(/\/\*.*\*\//.exec(line)?.[0] ?? '')
    if (code === '') continue
    if (!code.endsWith(separator)) throw new Error(`expected one member per line: ${line.trim()}`)
    items.push({ code: code.slice(0, -1), comment })
  }
  return items
}

function readEnumMember(owner: string, { code, comment }: Item): EnumMember {
  const [, name, value] = /^(\w+) = (\d+)$/.exec(code) ?? []
  if (name === undefined) throw new Error(`enum ${owner}: cannot read "${code}"`)
  return { name, value: Number(value), comment }
}

function layOut(name: string, comment: string, items: Item[], known: ReadonlyMap<string, Struct>): Struct {
  const fields: Field[] = []
  let end = 0
  let alignBytes = 1
  for (const item of items) {
    const [, type = '', member, length = '1'] = /^([\w ]+?)\s+(\w+)(?:\[(\d+)\])?$/.exec(item.code) ?? []
    if (member === undefined) throw new Error(`struct ${name}: cannot read "${item.code}"`)
    const nested = known.get(type.replace(/^struct /, ''))
    const elementBytes = nested?.sizeBytes ?? SCALAR_BYTES[type]
    if (elementBytes === undefined) throw new Error(`struct ${name}: unknown type ${type}`)
    const align = nested?.alignBytes ?? elementBytes
    const offset = roundUp(end, align)
    const count = Number(length)
    fields.push({ name: member, type, count, offset, elementBytes, comment: item.comment })
    end = offset + elementBytes * count
    alignBytes = Math.max(alignBytes, align)
  }
  return { name, comment, fields, sizeBytes: roundUp(end, alignBytes), alignBytes }
}

function roundUp(value: number, multiple: number): number {
  return Math.ceil(value / multiple) * multiple
}
