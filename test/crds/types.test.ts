import test from 'ava'
import { parse } from 'yaml'
import { apiReference } from '../../tools/crds/reference.ts'
import { boundsOf, readDefinition, type Definition, type Schema } from '../../tools/crds/schema.ts'
import { metaModule, typesModule } from '../../tools/crds/types.ts'

const definition = readDefinition(`
spec:
  group: example.dev
  names: { kind: AccessLogPolicy, plural: policies, shortNames: [p] }
  versions:
    - name: v1
      additionalPrinterColumns: [{ name: Size, description: How big., priority: 1 }]
      schema:
        openAPIV3Schema:
          type: object
          description: A kind.
          required: [spec]
          properties:
            apiVersion: { type: string, description: example.dev/v1. }
            kind: { type: string, description: AccessLogPolicy. }
            metadata: { type: object }
            spec:
              type: object
              description: Wanted.
              required: [name]
              properties:
                name: { type: string, minLength: 1, maxLength: 9, description: Its name. }
                size: { type: integer, default: 3, minimum: 1, maximum: 5, description: Its size. }
                modes: { type: array, items: { type: string, enum: [A, B] }, description: Modes. }
                parts:
                  type: array
                  description: Parts.
                  items: { type: object, description: A part., properties: { id: { type: string } } }
                labels: { type: object, additionalProperties: { type: string }, description: Labels. }
`)

const members: Record<string, string> = {
  'a required field is always there': 'name: string',
  'a field with a default is always there, for an object that comes from the API server': 'size: number',
  'any other field may be absent': 'modes?: ',
  'an enumeration is a union': "modes?: ('A' | 'B')[]",
  'an object in a list has a type in the singular': 'parts?: AccessLogPolicyPart[]',
  'free labels are a record': 'labels?: Record<string, string>',
  'the kind is a constant': "kind: 'AccessLogPolicy'",
  'bounds and default are in the docstring': '/** Its size. (1 to 5; default 3) */',
}
for (const [sentence, member] of Object.entries(members))
  test(sentence, (t) => t.true(typesModule(definition, 'a.yaml').includes(member)))

const FLUSH = '{ properties: { flush: { properties: {} } } }'

const bounds: Record<string, [Schema, string[]]> = {
  'a minimum alone': [{ minimum: 1 }, ['at least 1']],
  'a maximum alone': [{ maxLength: 9 }, ['at most 9 characters']],
  'the message of a rule, once': [
    { 'x-kubernetes-validations': ['a', 'b'].map((rule) => ({ rule, message: 'must be even' })) },
    ['must be even'],
  ],
  'what elements must be': [
    { maxItems: 2, items: { enum: ['A'] } },
    ['at most 2 elements', 'each one of `A`'],
  ],
}
for (const [sentence, [schema, expected]] of Object.entries(bounds))
  test(`bounds say ${sentence}`, (t) => t.deepEqual(boundsOf(schema), expected))

test('the reference has a row for every field, and the columns', (t) => {
  const text = apiReference([definition])
  for (const path of ['spec.name', 'spec.size', 'spec.parts[].id', 'spec.labels'])
    t.true(text.includes(`| \`${path}\` |`), path)
  t.true(text.includes('| SIZE | How big. | `-o wide` |'))
})

const refused: Record<string, [make: () => unknown, message: RegExp]> = {
  'two versions, whose types would have the same names': [
    () => readDefinition('spec: { names: { kind: K }, versions: [{ name: v1 }, { name: v2 }] }'),
    /K must have one version/,
  ],
  'kinds that disagree about conditions': [
    () => metaModule([withConditions('reason'), withConditions('cause')]),
    /must be the same in every kind/,
  ],
  'kinds without conditions': [() => metaModule([definition]), /no kind has conditions/],
  'two fields whose types would have the same name': [
    () => typesModule(withSchema(`{ spec: ${FLUSH}, status: ${FLUSH} }`), 'a.yaml'),
    /two fields would have the type AccessLogPolicyFlush/,
  ],
}
for (const [sentence, [make, message]] of Object.entries(refused))
  test(`refuses ${sentence}`, (t) => void t.throws(make, { message }))

function withConditions(member: string): Definition {
  return withSchema(
    `{ status: { properties: { conditions: { items: { properties: { ${member}: { type: string } } } } } } }`,
  )
}

function withSchema(properties: string): Definition {
  return { ...definition, schema: { type: 'object', properties: parse(properties) } }
}
