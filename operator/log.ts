/** The operator's own log: one JSON object a line on standard error. */
import type { Writable } from 'node:stream'
import { type Logger, createLogger, format, transports } from 'winston'

export type { Logger } from 'winston'

export const LOG_LEVELS = ['error', 'warn', 'info', 'debug'] as const
export type LogLevel = (typeof LOG_LEVELS)[number]

/** An Error in the data of a line becomes its message and those of its causes; winston would print {}. */
const errors = format((info) => {
  for (const [name, value] of Object.entries(info)) if (value instanceof Error) info[name] = reasonText(value)
  return info
})

export function makeLogger(level: LogLevel, stream: Writable = process.stderr): Logger {
  return createLogger({
    level,
    format: format.combine(errors(), format.timestamp(), format.json()),
    transports: [new transports.Stream({ stream, eol: '\n' })],
  })
}

/** What went wrong and why, in one line, without a stack. */
export function reasonText(error: unknown): string {
  const texts: string[] = []
  for (let cause = error; cause instanceof Error && texts.length < 4; cause = cause.cause) {
    const code = (cause as { code?: unknown }).code
    texts.push(cause.message || (typeof code === 'string' ? code : cause.name))
  }
  return texts.length > 0 ? texts.join(': ') : String(error)
}
