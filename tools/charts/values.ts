/** values.yaml of a chart: what each value means and may be, read from the comments next to its default. */
import { isMap, isScalar, parseDocument, type Pair, type YAMLMap } from 'yaml'

/** A value that is documented as a whole; its comment begins with `# --`. */
export interface Value {
  /** Keys from the top. */
  path: readonly string[]
  description: string
  /** The default. */
  fallback: unknown
  /** What `# @schema` adds to what the default says about the type. */
  schema: Record<string, unknown>
}

/** Every value, in the order of the file. Throws when one has neither a comment nor values below it. */
export function readValues(text: string): Value[] {
  const document = parseDocument(text)
  if (document.errors[0]) throw document.errors[0]
  if (!isMap(document.contents)) throw new Error('values must be a map')
  return valuesBelow([], document.contents, document.contents.commentBefore)
}

function valuesBelow(
  path: readonly string[],
  map: YAMLMap,
  firstComment: string | null | undefined,
): Value[] {
  return map.items.flatMap((pair, index) => {
    const { key } = pair
    if (!isScalar(key)) throw new Error(`a key below ${path.join('.')} is no text`)
    const comment = key.commentBefore ?? (index === 0 ? firstComment : undefined) ?? ''
    return valueOf([...path, String(key.value)], pair, comment)
  })
}

function valueOf(path: readonly string[], { value }: Pair, comment: string): Value[] {
  const begin = comment.lastIndexOf(' -- ')
  if (begin >= 0) return [leaf(path, value, comment.slice(begin + 4))]
  if (isMap(value) && value.items.length > 0) return valuesBelow(path, value, value.commentBefore)
  throw new Error(`${path.join('.')} has no comment that begins with "# --"`)
}

function leaf(path: readonly string[], node: unknown, comment: string): Value {
  const [description = '', schema] = comment.split(/\n @schema /)
  return {
    path,
    description: description.replace(/\s*\n\s*/g, ' ').trim(),
    fallback: plain(node),
    schema: schema === undefined ? {} : (JSON.parse(schema) as Record<string, unknown>),
  }
}

function plain(node: unknown): unknown {
  return (node as { toJSON(): unknown } | null)?.toJSON() ?? null
}
