/** A custom resource definition as far as its types and its documentation need it. */
import { parse } from 'yaml'

/** A node of a structural schema. */
export interface Schema {
  type?: 'object' | 'array' | 'string' | 'integer' | 'number' | 'boolean'
  description?: string
  properties?: Record<string, Schema>
  additionalProperties?: Schema
  items?: Schema
  required?: string[]
  enum?: string[]
  default?: unknown
  format?: string
  pattern?: string
  minimum?: number
  maximum?: number
  minLength?: number
  maxLength?: number
  maxItems?: number
  maxProperties?: number
  'x-kubernetes-validations'?: { rule: string; message: string }[]
}

export interface PrinterColumn {
  name: string
  description?: string
  /** 1: shown by `-o wide` only. */
  priority?: number
}

export interface Definition {
  group: string
  version: string
  kind: string
  plural: string
  shortNames: string[]
  columns: PrinterColumn[]
  schema: Schema
}

/** The only version of a definition. Throws when there are several: then types need names by version. */
export function readDefinition(text: string): Definition {
  const { spec } = parse(text) as { spec: CustomResourceDefinitionSpec }
  const [version, ...others] = spec.versions
  if (version === undefined || others.length > 0) throw new Error(`${spec.names.kind} must have one version`)
  return {
    group: spec.group,
    version: version.name,
    kind: spec.names.kind,
    plural: spec.names.plural,
    shortNames: spec.names.shortNames,
    columns: version.additionalPrinterColumns,
    schema: version.schema.openAPIV3Schema,
  }
}

interface CustomResourceDefinitionSpec {
  group: string
  names: { kind: string; plural: string; shortNames: string[] }
  versions: {
    name: string
    additionalPrinterColumns: PrinterColumn[]
    schema: { openAPIV3Schema: Schema }
  }[]
}

/** Whether an object that comes from the API server has the property: it is required, or has a default. */
export function isAlwaysThere(parent: Schema, name: string): boolean {
  return parent.required?.includes(name) === true || parent.properties?.[name]?.default !== undefined
}

/** What a value must obey, in words, for documentation. */
export function boundsOf(schema: Schema): string[] {
  const rules = schema['x-kubernetes-validations'] ?? []
  const { minimum, maximum, minLength, maxLength, maxItems, maxProperties } = schema
  const one = schema.items
  return [
    ...(schema.enum ? [`one of ${schema.enum.map((value) => `\`${value}\``).join(', ')}`] : []),
    ...range(minimum, maximum, ''),
    ...range(minLength, maxLength, ' characters'),
    ...range(undefined, maxItems, ' elements'),
    ...range(undefined, maxProperties, ' labels'),
    ...new Set(rules.map(({ message }) => message)),
    ...(one && one.properties === undefined ? boundsOf(one).map((bound) => `each ${bound}`) : []),
  ]
}

function range(min: number | undefined, max: number | undefined, unit: string): string[] {
  if (min === undefined && max === undefined) return []
  if (max === undefined) return [`at least ${min}${unit}`]
  return [min === undefined ? `at most ${max}${unit}` : `${min} to ${max}${unit}`]
}
