/** Where an agent's config comes from: command line over environment over file over default. */
import { accessSync, constants, readFileSync } from 'node:fs'
import { accessLogError, countOf, reasonOf } from '../errors.ts'
import { makeConfig, type AgentConfig } from './config.ts'
import { readConfigFile, type ConfigFile } from './file.ts'
import { originText, type Environment, type Given } from './given.ts'
import { KEY_NAMES, keyOf, type KeyName } from './keys.ts'
import { checkSettings, shownText, type Texts } from './settings.ts'
import { closest } from './suggest.ts'

export interface ConfigSources {
  /** Uses the defaults of `run --standalone`. */
  standalone: boolean
  /** Values from the command line, by key. */
  flags: Partial<Record<KeyName, Given>>
  environment: Environment
  /** YAML file; undefined: none. */
  configPath: string | undefined
  /** Values from the cluster, by key; they stand between file and environment. */
  assigned?: Partial<Record<KeyName, Given>>
}

/** A variable of the environment that changed what the file or the default says. */
export interface Override {
  environment: string
  key: string
  /** As given; a secret is replaced. */
  value: string
  instead: string
}

export interface LoadedConfig {
  config: AgentConfig
  /** By key path: `default`, `FILE:LINE:COLUMN`, a variable or a flag. */
  origins: Readonly<Record<string, string>>
  overrides: readonly Override[]
  /** Things that have no effect, one sentence each. */
  warnings: readonly string[]
}

/** Throws CONFIG_FILE_UNREADABLE, or CONFIG_INVALID with every problem in `details`. */
export function loadConfig({
  standalone,
  flags,
  environment,
  configPath,
  assigned,
}: ConfigSources): LoadedConfig {
  const file = readFile(configPath, environment)
  const without = KEY_NAMES.map(
    (name) => [name, assigned?.[name] ?? file.given.get(name) ?? fallback(name, standalone)] as const,
  )
  const beneath = Object.fromEntries(without) as Texts
  const texts = Object.fromEntries(
    KEY_NAMES.map((name) => [name, flags[name] ?? fromEnvironment(name, environment) ?? beneath[name]]),
  ) as Texts
  const checked = checkSettings(texts)
  const problems = [
    ...file.problems,
    ...('problems' in checked ? checked.problems : []),
    ...unreadablePaths(texts),
  ]
  if ('problems' in checked || problems.length > 0)
    throw accessLogError(
      'CONFIG_INVALID',
      { count: countOf(problems.length, 'problem') },
      { details: problems },
    )
  return {
    config: makeConfig(checked.values),
    origins: Object.fromEntries(KEY_NAMES.map((name) => [keyOf(name).path, originText(texts[name].origin)])),
    overrides: KEY_NAMES.flatMap((name) => overrideOf(name, texts[name], beneath[name])),
    warnings: [...ignoredWarnings(file, configPath), ...environmentWarnings(environment)],
  }
}

function readFile(path: string | undefined, environment: Environment): ConfigFile {
  if (path === undefined) return { given: new Map(), problems: [], ignored: [] }
  try {
    return readConfigFile(path, readFileSync(path, 'utf8'), environment)
  } catch (cause) {
    throw accessLogError('CONFIG_FILE_UNREADABLE', { path, reason: reasonOf(cause) }, { cause })
  }
}

function fallback(name: KeyName, standalone: boolean): Given {
  const key = keyOf(name)
  return { text: (standalone ? key.standalone : undefined) ?? key.fallback, origin: { kind: 'default' } }
}

function fromEnvironment(name: KeyName, environment: Environment): Given | undefined {
  const variable = keyOf(name).environment
  const text = environment[variable]
  return text === undefined
    ? undefined
    : { text: text.trim(), origin: { kind: 'environment', name: variable } }
}

/** PEM files that TLS needs and that cannot be read. */
function unreadablePaths(texts: Texts): string[] {
  if (!['true', '1'].includes(texts.tlsEnabled.text.toLowerCase())) return []
  const names = ['clientPemPath', 'clientKeyPath', 'caPemPath'] as const
  return names.flatMap((name) => {
    const { text, origin } = texts[name]
    const reason = text === '' ? undefined : unreadable(text)
    return reason === undefined
      ? []
      : [`${originText(origin)}: ${keyOf(name).path} cannot be read: ${reason}`]
  })
}

function unreadable(path: string): string | undefined {
  try {
    accessSync(path, constants.R_OK)
    return undefined
  } catch (error) {
    return reasonOf(error)
  }
}

function overrideOf(name: KeyName, { text, origin }: Given, beneath: Given): Override[] {
  const instead = beneath.instead ?? beneath.text
  if (origin.kind !== 'environment' || text === instead) return []
  const shown = { value: shownText(name, text), instead: shownText(name, instead) }
  return [{ environment: origin.name, key: keyOf(name).path, ...shown }]
}

function ignoredWarnings({ ignored }: ConfigFile, path = ''): string[] {
  return ignored.map((key) => `${path}: ${key} is Rover's and has no effect here`)
}

/** Variables that look meant for this agent but name no key. Others of Rover's pass without a word. */
function environmentWarnings(environment: Environment): string[] {
  const known = KEY_NAMES.map((name) => keyOf(name).environment)
  return Object.keys(environment).flatMap((name) => {
    if (!name.startsWith('ROVER_') || known.includes(name)) return []
    const meant = closest(name, known)
    if (name.startsWith('ROVER_ACCESS_LOG_') && meant === undefined) return [`${name} has no effect here`]
    return meant === undefined ? [] : [`${name} has no effect; did you mean ${meant}?`]
  })
}
