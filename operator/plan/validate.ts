/** The second line behind the schema: what is rendered must be what agents can apply. Pure. */
import {
  ArrayMaxSize,
  IsBoolean,
  IsInt,
  IsString,
  Matches,
  Max,
  MaxLength,
  Min,
  type ValidationError,
  validateSync,
} from 'class-validator'
import type { ConfigContent } from './render.ts'

type Rules = Readonly<Record<string, readonly PropertyDecorator[]>>

/** Members of `ConfigContent` by their path, as the second part of a message says it. */
const RULES: Rules = {
  'exclude.namespaces': [
    ArrayMaxSize(256),
    Matches(/^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/, must('hold names of namespaces', true)),
  ],
  'exclude.clusters': [ArrayMaxSize(64), Matches(/^[^\s]+$/, must('hold names of clusters', true))],
  'exclude.probes': [IsBoolean(must('be true or false'))],
  'flush.maxCount': between(1, 1_000_000),
  'flush.periodMs': between(100, 600_000),
  'protocolAnalyze.perCPUBufferBytes': between(4096, 64 * 1024 * 1024),
  'protocolAnalyze.parallels': between(1, 64),
  'protocolAnalyze.queueSize': between(1, 1_000_000),
  'backend.address': [
    IsString(must('be HOST:PORT')),
    MaxLength(261, must('be HOST:PORT')),
    Matches(/^.+:(?!0+$)\d{1,5}$/, must('be HOST:PORT')),
  ],
}

/** Carries one member at a time to the rules for its path. */
class Checked {
  constructor(values: ReadonlyMap<string, unknown>) {
    Object.assign(this, Object.fromEntries(values))
  }
}
for (const [path, rules] of Object.entries(RULES)) for (const rule of rules) rule(Checked.prototype, path)

/** Sentences, one for each member that no agent could apply; empty when all can. */
export function contentProblems(content: ConfigContent): string[] {
  const values = new Map(Object.keys(RULES).map((path) => [path, memberOf(content, path)]))
  const options = { forbidUnknownValues: true, validationError: { target: false, value: false } }
  return validateSync(new Checked(values), options).map(sentence)
}

function sentence({ property, constraints = {} }: ValidationError): string {
  return `${property} ${[...new Set(Object.values(constraints))].join(' and ')}`
}

function memberOf(content: object, path: string): unknown {
  let value: unknown = content
  for (const name of path.split('.')) value = (value as Record<string, unknown>)[name]
  return value
}

function between(min: number, max: number): PropertyDecorator[] {
  const rule = must(`be an integer from ${min} to ${max}`)
  return [IsInt(rule), Min(min, rule), Max(max, rule)]
}

function must(allowed: string, each = false): { message: string; each: boolean } {
  return { message: `must ${allowed}`, each }
}
