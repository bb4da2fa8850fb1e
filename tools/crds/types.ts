/** crds/gen: TypeScript types of the kinds, as the API server returns them, defaults filled in. */
import { boundsOf, isAlwaysThere, type Definition, type Schema } from './schema.ts'

/** Text of crds/gen/<kind>.ts; `source` is the path of the definition. */
export function typesModule(definition: Definition, source: string): string {
  const { group, version, kind, plural, schema } = definition
  const constant = kind.replace(/(?<=[a-z])(?=[A-Z])/g, '_').toUpperCase()
  const declarations = interfacesOf(kind, schema)
  refuseDuplicates(declarations)
  const imports = ['Condition', 'ObjectMeta'].filter((name) =>
    declarations.some((text) => new RegExp(`\\b${name}\\b`).test(text)),
  )
  return [
    banner(source),
    `import type { ${imports.join(', ')} } from './meta.ts'\n`,
    `export const ${constant} = ${JSON.stringify({ apiVersion: `${group}/${version}`, kind, group, version, plural })} as const\n`,
    ...declarations,
    `export interface ${kind}List {
  apiVersion: '${group}/${version}'
  kind: '${kind}List'
  metadata: { resourceVersion: string; continue?: string; remainingItemCount?: number }
  items: ${kind}[]
}\n`,
  ].join('\n')
}

/** Text of crds/gen/meta.ts. Throws when the kinds disagree about what a condition is. */
export function metaModule(definitions: readonly Definition[]): string {
  const conditions = definitions.flatMap(({ schema }) => conditionsOf(schema))
  const [first, ...others] = conditions
  if (first === undefined) throw new Error('no kind has conditions')
  if (others.some((other) => JSON.stringify(other) !== JSON.stringify(first)))
    throw new Error('conditions must be the same in every kind')
  return [banner('crds/*.yaml'), OBJECT_META, ...interfacesOf('Condition', first)].join('\n')
}

const OBJECT_META = `/** The part of Kubernetes' ObjectMeta that operator and agents use; a name is all that an apply needs. */
export interface ObjectMeta {
  name: string
  uid?: string
  resourceVersion?: string
  /** Counts the changes of the spec. */
  generation?: number
  /** RFC 3339, UTC, whole seconds. */
  creationTimestamp?: string
  deletionTimestamp?: string
  labels?: Record<string, string>
  annotations?: Record<string, string>
  ownerReferences?: OwnerReference[]
  finalizers?: string[]
}

/** The object is collected when its owner is gone. */
export interface OwnerReference {
  apiVersion: string
  kind: string
  name: string
  uid: string
  controller?: boolean
  blockOwnerDeletion?: boolean
}
`

function banner(source: string): string {
  return `// Generated from ${source} by \`npm run generate\`. Do not edit.\n`
}

function conditionsOf(schema: Schema): Schema[] {
  const items = schema.properties?.['status']?.properties?.['conditions']?.items
  return items === undefined ? [] : [items]
}

/** An interface for the schema and one for each object below it, each named by its path. */
function interfacesOf(name: string, schema: Schema): string[] {
  const children: string[] = []
  const members = Object.entries(schema.properties ?? {}).map(([key, child]) => {
    const optional = key !== 'metadata' && !isAlwaysThere(schema, key) && !isIdentity(key, name)
    const childName = nameBelow(name, key)
    children.push(...nestedInterfaces(childName, key, child))
    return `${docstring(child)}  ${key}${optional ? '?' : ''}: ${typeOf(childName, key, child, name)}`
  })
  return [`${docstring(schema)}export interface ${name} {\n${members.join('\n')}\n}\n`, ...children]
}

/** The path from the kind, without `spec` and `status` on the way: AccessLogPolicySpec holds an AccessLogPolicyFlush. */
function nameBelow(name: string, key: string): string {
  const root = /^(AccessLog(?:Policy|Config|Status))(Spec|Status)$/.exec(name)?.[1] ?? name
  return root + key.charAt(0).toUpperCase() + key.slice(1)
}

function refuseDuplicates(declarations: readonly string[]): void {
  const names = declarations.map((text) => /^export interface (\w+)/m.exec(text)?.[1])
  const twice = names.find((name, index) => names.indexOf(name) !== index)
  if (twice !== undefined) throw new Error(`two fields would have the type ${twice}`)
}

/** apiVersion and kind of the object itself. */
function isIdentity(key: string, parent: string): boolean {
  return /^AccessLog[A-Z][a-z]+$/.test(parent) && (key === 'apiVersion' || key === 'kind')
}

function nestedInterfaces(name: string, key: string, schema: Schema): string[] {
  if (key === 'conditions' || key === 'metadata') return []
  if (schema.type === 'array' && schema.items) return nestedInterfaces(itemName(name), '', schema.items)
  return schema.properties === undefined ? [] : interfacesOf(name, schema)
}

function typeOf(name: string, key: string, schema: Schema, parent: string): string {
  if (key === 'metadata') return 'ObjectMeta'
  if (key === 'conditions') return 'Condition[]'
  if (isIdentity(key, parent)) return `'${key === 'kind' ? parent : schema.description?.replace(/\.$/, '')}'`
  if (schema.enum) return schema.enum.map((value) => `'${value}'`).join(' | ')
  return structureOf(name, schema, parent)
}

function structureOf(name: string, schema: Schema, parent: string): string {
  const { type, items, additionalProperties, properties } = schema
  if (type === 'array' && items) {
    const one = typeOf(itemName(name), '', items, parent)
    return one.includes('|') ? `(${one})[]` : `${one}[]`
  }
  if (additionalProperties) return `Record<string, ${typeOf(name, '', additionalProperties, parent)}>`
  if (properties) return name
  return type === 'integer' ? 'number' : String(type)
}

/** `…Stages` holds `…Stage`, `…Capabilities` holds `…Capability`; anything else holds `…Item`. */
function itemName(name: string): string {
  if (name.endsWith('ies')) return name.replace(/ies$/, 'y')
  return /[^s]s$/.test(name) ? name.slice(0, -1) : `${name}Item`
}

function docstring(schema: Schema): string {
  const bounds = schema.properties === undefined ? boundsOf({ ...schema, enum: undefined! }) : []
  const extras = [
    ...bounds,
    ...(isShown(schema.default) ? [`default ${JSON.stringify(schema.default)}`] : []),
  ]
  const sentence = [schema.description, extras.length > 0 ? `(${extras.join('; ')})` : '']
  const [first = '', ...others] = wrap(sentence.filter(Boolean).join(' ').replaceAll('*/', '* /'))
  if (others.length === 0) return first === '' ? '' : `/** ${first} */\n`
  return `/**\n${[first, ...others].map((line) => ` * ${line}\n`).join('')} */\n`
}

function isShown(value: unknown): boolean {
  return value !== undefined && JSON.stringify(value) !== '{}'
}

/** Lines of at most 100 characters, broken at spaces. */
function wrap(text: string): string[] {
  return text.match(/.{1,100}(?=\s|$)/g)?.map((line) => line.trim()) ?? []
}
