/** The command line: what was asked for, or everything that is wrong with it. Parses only; main.ts acts. */
import { existsSync } from 'node:fs'
import { parseArgs, type ParseArgsConfig } from 'node:util'
import { accessLogError, countOf, reasonOf } from '../errors.ts'
import type { Given } from './given.ts'
import { parseDurationMs } from './kinds.ts'
import type { KeyName } from './keys.ts'
import { suggestion } from './suggest.ts'

export const OUTPUTS = ['table', 'json', 'none'] as const
export type Output = (typeof OUTPUTS)[number]

export interface RunCommand {
  kind: 'run'
  standalone: true
  configPath: string | undefined
  /** For loadConfig. */
  flags: Partial<Record<KeyName, Given>>
  output: Output
  /** Processes to watch, children included; empty: all. */
  pids: readonly number[]
  /** Watches processes whose name or command line it matches; undefined: all. */
  process: RegExp | undefined
  /** Undefined: until a signal. */
  durationMs: number | undefined
  /** Starts a small server and client to watch. */
  demo: boolean
}

/** `run --kubernetes`: the config comes from the cluster. */
export interface KubernetesCommand {
  kind: 'kubernetes'
  /** Undefined: the service account of the pod. */
  kubeconfigPath: string | undefined
  output: Output
  /** Undefined: until a signal. */
  durationMs: number | undefined
}

/** `doctor`, and `check --pid`: what of processes can be looked into. */
export interface DoctorCommand {
  kind: 'doctor'
  /** Undefined: all processes with a TLS library. */
  pid: number | undefined
  json: boolean
  /** Watches so long which protocols are spoken; undefined: not at all. */
  durationMs: number | undefined
}

export type Command =
  | RunCommand
  | KubernetesCommand
  | DoctorCommand
  | { kind: 'check'; json: boolean }
  | { kind: 'help' }
  | { kind: 'version' }

export const USAGE = `accesslog-agent: access logs of this machine, without touching what runs on it

  accesslog-agent run --standalone [options]   capture and show
  accesslog-agent run --kubernetes [options]   capture on a node as the operator assigns
  accesslog-agent check [--json]               what this kernel supports, program by program
  accesslog-agent check --pid PID [options]    the TLS libraries of a process, and whether they can be looked into
  accesslog-agent doctor [options]             the same of all processes that have one
  accesslog-agent --help | --version

Options of run --standalone:
  --config FILE               YAML file; keys: docs/reference/config.md
  --backend HOST:PORT|none    SkyWalking OAP to send the logs to (default: none)
  --output table|json|none    what to write to standard output (default: table)
  --pid PID                   watch this process and its children; can be repeated
  --process REGEX             watch processes whose name or command line matches
  --duration TIME             stop after this time, for example 10s or 1m30s
  --demo                      start a small server and client to watch

Options of check --pid and doctor:
  --duration TIME             watch so long which protocols are spoken, and tell them too
  --json                      for programs

Options of run --kubernetes, which needs NODE_NAME in the environment:
  --kubeconfig FILE           instead of the pod's service account
  --output table|json|none    as above (default: none)
  --duration TIME             as above

Settings: command line over environment (ROVER_...) over file over default.
Exit code: 0 done, 1 failed while running, 2 wrong usage or configuration.
`

/** 24 days: the longest whole number of days a Node timer can wait. */
const DURATION_MAX_MS = 576 * 3_600_000

type Options = NonNullable<ParseArgsConfig['options']>

const COMMON: Options = { help: { type: 'boolean', short: 'h' }, version: { type: 'boolean' } }
const COMMANDS: Record<string, Options> = {
  run: {
    ...COMMON,
    standalone: { type: 'boolean' },
    kubernetes: { type: 'boolean' },
    kubeconfig: { type: 'string' },
    config: { type: 'string' },
    backend: { type: 'string' },
    output: { type: 'string' },
    pid: { type: 'string', multiple: true },
    process: { type: 'string' },
    duration: { type: 'string' },
    demo: { type: 'boolean' },
  },
  check: { ...COMMON, json: { type: 'boolean' }, pid: { type: 'string' }, duration: { type: 'string' } },
  doctor: { ...COMMON, json: { type: 'boolean' }, duration: { type: 'string' } },
}

/**
 * @param args without interpreter and script
 * @param pidExists replaceable for tests
 * Throws CLI_USAGE with every problem in `details`.
 */
export function parseCommandLine(args: readonly string[], pidExists = existsInProc): Command {
  const problems: string[] = []
  const command = readCommand(args, problems, pidExists)
  if (problems.length === 0 && command !== undefined) return command
  throw accessLogError('CLI_USAGE', { count: countOf(problems.length, 'problem') }, { details: problems })
}

type PidExists = (pid: number) => boolean

function readCommand(args: readonly string[], problems: string[], pidExists: PidExists): Command | undefined {
  const [first = '', ...rest] = args
  const name = first.startsWith('-') ? '' : first
  const options = name === '' ? COMMON : Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined
  if (options === undefined) {
    problems.push(`there is no command ${name}${suggestion(name, Object.keys(COMMANDS))}`)
    return undefined
  }
  const values = readOptions(name === '' ? args : rest, options, problems)
  if (values.has('help')) return { kind: 'help' }
  if (values.has('version')) return { kind: 'version' }
  if (name === 'run' && values.has('kubernetes')) return readKubernetes(values, problems)
  if (name === 'run') return readRun(values, problems, pidExists)
  if (name === 'check' || name === 'doctor') return readCheck(name, values, problems, pidExists)
  problems.push('no command is given; the first argument must be run or check')
  return undefined
}

/** Option name to its values; those of a flag are empty. */
type OptionValues = ReadonlyMap<string, readonly string[]>

function readOptions(args: readonly string[], options: Options, problems: string[]): OptionValues {
  const values = new Map<string, string[]>()
  const { tokens } = parseArgs({
    args: [...args],
    options,
    strict: false,
    allowPositionals: true,
    tokens: true,
  })
  for (const token of tokens) {
    if (token.kind === 'positional' && token.value !== '') problems.push(`unexpected argument ${token.value}`)
    if (token.kind !== 'option') continue
    const problem = optionProblem(token, options, values)
    if (problem !== undefined) problems.push(problem)
    else values.set(token.name, [...(values.get(token.name) ?? []), token.value ?? ''])
  }
  return values
}

interface OptionToken {
  name: string
  rawName: string
  value?: string | undefined
  /** Given as --name=value. */
  inlineValue?: boolean | undefined
}

function optionProblem(token: OptionToken, options: Options, values: OptionValues): string | undefined {
  const { name, rawName, value = '', inlineValue = false } = token
  const option = Object.hasOwn(options, name) ? options[name] : undefined
  if (option === undefined)
    return `there is no option ${rawName}${suggestion(
      rawName,
      Object.keys(options).map((known) => `--${known}`),
    )}`
  if (option.type === 'boolean' && inlineValue) return `${rawName} takes no value`
  // `--config --demo` forgot a value; a value that begins with a dash is written --process=-x.
  const forgotten = value === '' || (value.startsWith('-') && !inlineValue)
  if (option.type === 'string' && forgotten) return `${rawName} needs a value`
  if (values.has(name) && option.multiple !== true) return `${rawName} is given twice`
  return undefined
}

function readRun(values: OptionValues, problems: string[], pidExists: PidExists): RunCommand {
  if (!values.has('standalone')) problems.push('run needs --standalone or --kubernetes')
  if (values.has('kubeconfig')) problems.push('--kubeconfig is for run --kubernetes')
  const one = (name: string) => values.get(name)?.[0]
  const backend = one('backend')
  return {
    kind: 'run',
    standalone: true,
    configPath: one('config'),
    flags:
      backend === undefined
        ? {}
        : { backendAddress: { text: backend, origin: { kind: 'flag', name: '--backend' } } },
    output: readOutput(one('output'), problems),
    pids: readPids(values.get('pid') ?? [], problems, pidExists),
    process: readRegExp(one('process'), problems),
    durationMs: readDuration(one('duration'), problems),
    demo: values.has('demo'),
  }
}

function readCheck(
  name: 'check' | 'doctor',
  values: OptionValues,
  problems: string[],
  pidExists: PidExists,
): Command {
  const [pid] = readPids(values.get('pid') ?? [], problems, pidExists)
  const json = values.has('json')
  const durationMs = readDuration(values.get('duration')?.[0], problems)
  if (name === 'check' && pid === undefined) {
    if (values.has('duration')) problems.push('--duration needs --pid')
    return { kind: 'check', json }
  }
  return { kind: 'doctor', pid, json, durationMs }
}

/** Options that contradict a config from the cluster. */
const STANDALONE_ONLY = ['standalone', 'config', 'backend', 'pid', 'process', 'demo'] as const

function readKubernetes(values: OptionValues, problems: string[]): KubernetesCommand {
  for (const name of STANDALONE_ONLY)
    if (values.has(name)) problems.push(`--${name} and --kubernetes exclude each other`)
  return {
    kind: 'kubernetes',
    kubeconfigPath: values.get('kubeconfig')?.[0],
    output: readOutput(values.get('output')?.[0] ?? 'none', problems),
    durationMs: readDuration(values.get('duration')?.[0], problems),
  }
}

function readOutput(text: string | undefined, problems: string[]): Output {
  const output = OUTPUTS.find((known) => known === (text ?? 'table'))
  if (output === undefined) problems.push(`--output is "${text}" but must be table, json or none`)
  return output ?? 'table'
}

function readPids(texts: readonly string[], problems: string[], pidExists: PidExists): number[] {
  for (const text of texts) {
    if (!/^[1-9]\d{0,9}$/.test(text)) problems.push(`--pid is "${text}" but must be the number of a process`)
    else if (!pidExists(Number(text))) problems.push(`--pid ${text}: there is no such process`)
  }
  return [...new Set(texts.map(Number))]
}

function readRegExp(text: string | undefined, problems: string[]): RegExp | undefined {
  if (text === undefined) return undefined
  try {
    return new RegExp(text)
  } catch (error) {
    problems.push(`--process is not a regular expression: ${reasonOf(error)}`)
    return undefined
  }
}

function readDuration(text: string | undefined, problems: string[]): number | undefined {
  if (text === undefined) return undefined
  const durationMs = parseDurationMs(text)
  if (durationMs !== undefined && durationMs > 0 && durationMs <= DURATION_MAX_MS) return durationMs
  problems.push(
    `--duration is "${text}" but must be a time above 0 and up to 576h, for example 500ms, 10s or 1m30s`,
  )
  return undefined
}

function existsInProc(pid: number): boolean {
  return existsSync(`/proc/${pid}`)
}
