/** From texts to values: parses every key and checks all rules at once with class-validator. */
import { ValidateBy, validateSync, type ValidationArguments } from 'class-validator'
import { originText, type Given } from './given.ts'
import { KEY_NAMES, keyOf, type KeyName, type Values } from './keys.ts'

/** One text for each key. */
export type Texts = Readonly<Record<KeyName, Given>>

/** class-validator keeps its rules by class; the table in keys.ts fills them in, as decorators would. */
class Settings {}

for (const name of KEY_NAMES) for (const rule of keyOf(name).kind.rules) rule(Settings.prototype, name)
togetherWith('clientKeyPath')(Settings.prototype, 'clientPemPath')

/** The values, or one line for each problem: key, value, where it came from, and what is allowed. */
export function checkSettings(texts: Texts): { values: Values } | { problems: string[] } {
  const parsed = KEY_NAMES.map((name) => [name, keyOf(name).kind.parse(texts[name].text)] as const)
  const settings = Object.assign(new Settings(), Object.fromEntries(parsed))
  const errors = validateSync(settings, {
    whitelist: true,
    forbidNonWhitelisted: true,
    forbidUnknownValues: true,
  })
  if (errors.length === 0) return { values: settings as Values }
  return {
    problems: errors.flatMap(({ property, constraints = {} }) => {
      const name = property as KeyName
      return [...new Set(Object.values(constraints))].map((allowed) => problem(name, texts[name], allowed))
    }),
  }
}

/** A value as it may be shown: a secret is replaced. */
export function shownText(name: KeyName, text: string): string {
  return keyOf(name).secret && text !== '' ? '(hidden)' : text
}

function problem(name: KeyName, { text, origin }: Given, allowed: string): string {
  return `${originText(origin)}: ${keyOf(name).path} is ${JSON.stringify(shownText(name, text))} but ${allowed}`
}

/** Both texts are empty or neither is. */
function togetherWith(other: KeyName): PropertyDecorator {
  return ValidateBy({
    name: 'togetherWith',
    validator: {
      validate: (value, args) => (value === '') === (otherValue(args, other) === ''),
      defaultMessage: () => `must be given together with ${keyOf(other).path}`,
    },
  })
}

function otherValue(args: ValidationArguments | undefined, name: KeyName): unknown {
  return (args?.object as Record<string, unknown> | undefined)?.[name]
}
