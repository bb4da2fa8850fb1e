/** The agent's own log: one line an event on standard error, `time level message key=value ...`. */
import type { Writable } from 'node:stream'
import { createLogger, format, transports, type Logger } from 'winston'

export type { Logger } from 'winston'

export interface LoggerOptions {
  /** Default: standard error. */
  stream?: Writable
  /** error, warn, info or debug. */
  level?: string
  /** Texts that must never appear, for example the backend's token. Empty ones are ignored. */
  secrets?: readonly string[]
}

type Meta = Readonly<Record<string, unknown>>

/** Members whose values are replaced wherever they appear in a line's data. */
const SECRET_NAME = /^(authentication|authorization|token|password|secret)$/i
const DEPTH_MAX = 4

/**
 * The same text goes to terminals and to files: it is readable, and logfmt parsers read it too.
 * Never log one event of the capture through it: a line costs some microseconds.
 */
export function makeLogger({
  stream = process.stderr,
  level = 'info',
  secrets = [],
}: LoggerOptions = {}): Logger {
  const hidden = secrets.filter((secret) => secret !== '')
  const line = format.printf(({ timestamp, level, message, ...meta }) => {
    const text = [timestamp, level, oneLine(String(message)), ...pairs(meta, level)].join(' ')
    return hidden.reduce((result, secret) => result.replaceAll(secret, '(hidden)'), text)
  })
  return createLogger({
    level,
    format: format.combine(format.timestamp(), line),
    transports: [new transports.Stream({ stream, eol: '\n' })],
  })
}

/** Resolves when every line is handed to the stream. The stream stays open. */
export async function closeLogger(logger: Logger): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  logger.once('finish', resolve)
  logger.end()
  await promise
}

function pairs(meta: Meta, level: string): string[] {
  return Object.entries(meta).flatMap(([name, value]) => {
    if (value === undefined) return []
    if (value instanceof Error) return errorPairs(name, value, level)
    return [`${name}=${SECRET_NAME.test(name) ? '(hidden)' : quote(plain(value, 0))}`]
  })
}

/** Winston prints an Error as {}. The stack is for those who ask for debug lines. */
function errorPairs(name: string, error: Error, level: string): string[] {
  const { code } = error as { code?: unknown }
  const causes = causesOf(error)
  return [
    ...(code === undefined ? [] : [`${name}.code=${quote(code)}`]),
    `${name}=${quote(error.message === '' ? error.name : error.message)}`,
    ...(causes.length === 0 ? [] : [`${name}.cause=${quote(causes.join(': '))}`]),
    ...(level === 'debug' && error.stack !== undefined ? [`${name}.stack=${quote(error.stack)}`] : []),
  ]
}

function causesOf(error: Error): string[] {
  const causes: string[] = []
  let cause = error.cause
  while (cause !== undefined && causes.length < DEPTH_MAX) {
    causes.push(cause instanceof Error ? cause.message : quote(plain(cause, 0)))
    cause = cause instanceof Error ? cause.cause : undefined
  }
  return causes
}

/** The value with errors as text and secrets replaced; cut off where it nests too deep. */
function plain(value: unknown, depth: number): unknown {
  if (value instanceof Error) return value.message
  if (typeof value === 'bigint') return String(value)
  if (typeof value !== 'object' || value === null) return value
  if (depth === DEPTH_MAX) return '...'
  if (Array.isArray(value)) return value.map((element) => plain(element, depth + 1))
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => [
      name,
      SECRET_NAME.test(name) ? '(hidden)' : plain(member, depth + 1),
    ]),
  )
}

function quote(value: unknown): string {
  if (typeof value !== 'string') return JSON.stringify(value)
  return /^[^\s"=\p{Cc}]+$/u.test(value) ? value : JSON.stringify(value)
}

function oneLine(text: string): string {
  return text.replace(/\s*\n\s*/g, ' ')
}
