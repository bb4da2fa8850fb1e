/** A YAML configuration file: its values by key, each with its line and column, and everything wrong with it. */
import {
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  parseDocument,
  type Document,
  type YAMLMap,
} from 'yaml'
import { expandPlaceholder, hasStrayPlaceholder, originText, type Environment, type Given } from './given.ts'
import { IGNORED_PATHS, KEY_NAMES, keyOf, type KeyName } from './keys.ts'
import { suggestion } from './suggest.ts'

export interface ConfigFile {
  given: Map<KeyName, Given>
  /** One line each; empty when the file is sound. */
  problems: string[]
  /** Parts of a Rover file that have no meaning here, as paths. */
  ignored: string[]
}

/**
 * Reads the text of a file.
 * @param path used in messages only
 */
export function readConfigFile(path: string, source: string, environment: Environment): ConfigFile {
  const lines = new LineCounter()
  const document = parseDocument(source, { lineCounter: lines, prettyErrors: false })
  const reader = new Reader(path, document, lines, environment)
  for (const error of document.errors) reader.problem(error.pos[0], error.message)
  if (document.errors.length === 0) reader.readRoot(document.contents)
  return reader
}

/** Paths by their lower-case form: Rover's keys are case-insensitive. */
const NAMES_BY_PATH = new Map<string, KeyName>(
  KEY_NAMES.flatMap((name) =>
    [keyOf(name).path, ...(keyOf(name).aliases ?? [])].map((path) => [lower(path), name]),
  ),
)
const ALL_PATHS = [...KEY_NAMES.map((name) => keyOf(name).path), ...IGNORED_PATHS]

class Reader implements ConfigFile {
  readonly given = new Map<KeyName, Given>()
  readonly problems: string[] = []
  readonly ignored: string[] = []
  readonly #path: string
  readonly #document: Document
  readonly #lines: LineCounter
  readonly #environment: Environment

  constructor(path: string, document: Document, lines: LineCounter, environment: Environment) {
    this.#path = path
    this.#document = document
    this.#lines = lines
    this.#environment = environment
  }

  problem(offset: number, text: string): void {
    this.problems.push(`${originText(this.#origin(offset))}: ${text}`)
  }

  readRoot(contents: unknown): void {
    if (contents === null || (isScalar(contents) && contents.value === null)) return
    if (isMap(contents)) this.#readSection(contents, '')
    else
      this.problem(
        offsetOf(contents),
        'must be a mapping with the sections access_log, core, process_discovery',
      )
  }

  #readSection(section: YAMLMap, parent: string): void {
    for (const { key, value } of section.items) {
      const name = String(isScalar(key) ? key.value : key)
      this.#readEntry(name, parent, key, this.#resolve(value))
    }
  }

  #readEntry(name: string, parent: string, key: unknown, value: unknown): void {
    const path = parent === '' ? name : `${parent}.${name}`
    const known = NAMES_BY_PATH.get(lower(path))
    if (known !== undefined) this.#readValue(known, path, key, value)
    else if (IGNORED_PATHS.includes(lower(path))) this.ignored.push(path)
    else if (ALL_PATHS.some((other) => lower(other).startsWith(`${lower(path)}.`)))
      this.#readSubsection(path, key, value)
    else this.problem(offsetOf(key), `unknown key ${path}${suggestion(name, siblings(parent))}`)
  }

  #readSubsection(path: string, key: unknown, value: unknown): void {
    if (isMap(value)) this.#readSection(value, path)
    else if (!isScalar(value) || value.value !== null)
      this.problem(offsetOf(value ?? key), `${path} must be a mapping`)
  }

  #readValue(name: KeyName, path: string, key: unknown, value: unknown): void {
    const texts = isSeq(value)
      ? value.items.map((item) => scalarText(this.#resolve(item)))
      : [scalarText(value)]
    const origin = this.#origin(offsetOf(value ?? key))
    if (this.given.has(name)) return this.problem(offsetOf(key), `${path} is given twice`)
    if (texts.includes(undefined))
      return this.problem(offsetOf(value), `${path} must be a single value or a list of them`)
    const expanded = texts.map((text = '') => expandPlaceholder({ text, origin }, this.#environment))
    if (expanded.some(({ text }) => hasStrayPlaceholder(text)))
      return this.problem(offsetOf(value), `${path}: a placeholder \${NAME:default} must be the whole value`)
    const [only] = expanded
    const joined = { text: expanded.map((part) => part.text).join(','), origin }
    this.given.set(name, expanded.length === 1 && only !== undefined ? only : joined)
  }

  #resolve(node: unknown): unknown {
    return isAlias(node) ? node.resolve(this.#document) : node
  }

  #origin(offset: number) {
    const { line, col } = this.#lines.linePos(offset)
    return { kind: 'file' as const, path: this.#path, line, column: col }
  }
}

/** Names that may stand directly under a section. */
function siblings(parent: string): string[] {
  const prefix = parent === '' ? '' : `${lower(parent)}.`
  const below = ALL_PATHS.filter((path) => lower(path).startsWith(prefix))
  return below.map((path) => path.slice(prefix.length).split('.')[0] ?? '')
}

/** Text of a scalar as written; empty for null; undefined for anything but a scalar. */
function scalarText(node: unknown): string | undefined {
  if (node === null || node === undefined) return ''
  if (!isScalar(node)) return undefined
  if (node.value === null) return ''
  return (typeof node.value === 'string' ? node.value : (node.source ?? '')).trim()
}

function offsetOf(node: unknown): number {
  const { range } = node as { range?: readonly number[] | null }
  return range?.[0] ?? 0
}

function lower(text: string): string {
  return text.toLowerCase()
}
