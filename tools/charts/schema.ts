/** values.schema.json of a chart: unknown keys are refused, and a policy's fields are what the definition says. */
import type { Schema } from '../crds/schema.ts'
import type { Value } from './values.ts'

type JsonSchema = Record<string, unknown>

const DURATION = {
  pattern: String.raw`^([0-9]{1,6}(\.[0-9]{1,9})?(ns|us|ms|s|m|h)){1,6}$`,
}

/** @param policy the schema of AccessLogPolicy, for values with `$crd` and the path of a field in it */
export function valuesSchema(values: readonly Value[], policy: Schema): JsonSchema {
  const root = objectSchema()
  for (const value of values) place(root, value.path, leafSchema(value, policy))
  // Values of a chart that this one is a part of, and of those parts.
  const properties = root['properties'] as Record<string, JsonSchema>
  properties['global'] = { type: 'object' }
  return { $schema: 'http://json-schema.org/draft-07/schema#', ...root }
}

function objectSchema(): JsonSchema {
  return { type: 'object', additionalProperties: false, properties: {} }
}

function place(root: JsonSchema, path: readonly string[], schema: JsonSchema): void {
  const [name = '', ...below] = path
  const properties = root['properties'] as Record<string, JsonSchema>
  if (below.length === 0) properties[name] = schema
  else place((properties[name] ??= objectSchema()), below, schema)
}

/** What the default says, and over it what the comment says. Throws when an object or a list says nothing of its parts. */
function leafSchema({ path, description, fallback, schema }: Value, policy: Schema): JsonSchema {
  const { $crd, $duration, nullable, ...rest } = schema
  if (typeof $crd === 'string') return { ...crdSchema($crd, policy, nullable === true), description }
  const type = typeOf(fallback)
  const inferred = { type, description, ...($duration === true ? DURATION : {}), ...rest }
  const open = type === 'object' ? 'additionalProperties' : type === 'array' ? 'items' : undefined
  if (open && !(open in rest)) throw new Error(`${path.join('.')} needs "${open}" in its @schema`)
  return inferred
}

function typeOf(value: unknown): string {
  if (Array.isArray(value)) return 'array'
  if (typeof value === 'number') return Number.isInteger(value) ? 'integer' : 'number'
  if (value === null) throw new Error('null has no type; give it a $crd')
  return typeof value
}

/** The schema of a field of the policy. @param path for example `spec.backend` */
function crdSchema(path: string, policy: Schema, nullable: boolean): JsonSchema {
  const field = path.split('.').reduce<Schema | undefined>((at, name) => at?.properties?.[name], policy)
  if (field === undefined) throw new Error(`AccessLogPolicy has no ${path}`)
  const schema = asJsonSchema(field)
  return nullable ? { ...schema, type: [field.type, 'null'] } : schema
}

/** Without rules and other extensions of Kubernetes, which the API server checks; closed where fields are named. */
function asJsonSchema(schema: Schema): JsonSchema {
  const { properties, items, additionalProperties, ...rest } = schema
  const plain = Object.entries(rest).filter(
    ([key]) => !key.startsWith('x-') && !/^(format|default)$/.test(key),
  )
  return {
    ...Object.fromEntries(plain),
    ...(items && { items: asJsonSchema(items) }),
    ...(additionalProperties && { additionalProperties: asJsonSchema(additionalProperties) }),
    ...(properties && {
      additionalProperties: false,
      properties: Object.fromEntries(
        Object.entries(properties).map(([key, child]) => [key, asJsonSchema(child)]),
      ),
    }),
  }
}
