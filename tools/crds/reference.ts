/** docs/reference/api.md: what users and agents can write and read, from the definitions. */
import { code, table } from '../generate-reference.ts'
import { boundsOf, type Definition, type Schema } from './schema.ts'

/** Markdown of docs/reference/api.md. */
export function apiReference(definitions: readonly Definition[]): string {
  return `<!-- Generated from crds/*.yaml by \`npm run generate\`. Do not edit. -->

# API

Three kinds of the group \`${definitions[0]?.group}\`, all of the whole cluster. Users write AccessLogPolicy and read
AccessLogStatus; AccessLogConfig is between the operator and its agents. \`kubectl get accesslog\` shows all three,
\`kubectl explain\` says what is said here. [crds/examples](../../crds/examples) has objects that the API server accepts,
and some that it refuses, with its words.

Sizes are bytes, or a number with \`KB\`, \`MB\` or \`Ki\`, \`Mi\`; all units are powers of 1024. Durations are as in Go:
\`500ms\`, \`5s\`, \`1m30s\`.

${definitions.map(kindSection).join('\n\n')}
`
}

function kindSection(definition: Definition): string {
  const { kind, group, version, plural, shortNames, columns, schema } = definition
  const shown = columns.map(({ name, description = '', priority }) => [
    name.toUpperCase(),
    description,
    priority === 1 ? '`-o wide`' : 'always',
  ])
  return `## ${kind}

${schema.description}

\`${group}/${version}\`, resource \`${plural}\`, short ${shortNames.map(code).join(', ')}.

${table(['Field', 'Type', 'Default', 'Must be', 'Meaning'], rowsOf('', schema))}

${table(['Column', 'Meaning', 'Shown'], [['NAME', nameMeaning(kind), 'always'], ...shown])}`
}

function nameMeaning(kind: string): string {
  return kind === 'AccessLogStatus' ? 'The node.' : 'The policy.'
}

/** A row for every field below `path`, in the order of the definition. */
function rowsOf(path: string, parent: Schema): string[][] {
  return Object.entries(parent.properties ?? {}).flatMap(([name, schema]) => {
    if (path === '' && name !== 'spec' && name !== 'status') return []
    const here = path === '' ? name : `${path}.${name}`
    const below = schema.items?.properties ? rowsOf(`${here}[]`, schema.items) : rowsOf(here, schema)
    return [fieldRow(here, schema, parent.required?.includes(name) === true), ...below]
  })
}

function fieldRow(path: string, schema: Schema, required: boolean): string[] {
  const bounds = [
    ...(required ? ['set'] : []),
    ...boundsOf(schema).map((bound) => bound.replace(/^must be /, '')),
  ]
  return [
    code(path),
    typeName(schema),
    code(defaultText(schema.default)),
    bounds.join('; '),
    schema.description ?? '',
  ]
}

function typeName({ type, items, additionalProperties, format }: Schema): string {
  if (items) return `list of ${typeName(items)}s`
  if (additionalProperties) return `map of ${typeName(additionalProperties)}s`
  return format === 'date-time' ? 'time' : String(type)
}

/** As a user would write it; an object that only passes on the defaults below it has none of its own. */
function defaultText(value: unknown): string {
  if (value === undefined || JSON.stringify(value) === '{}') return ''
  if (Array.isArray(value)) return `[${value.join(', ')}]`
  return typeof value === 'string' ? value : JSON.stringify(value)
}
