#!/usr/bin/env node
/** accesslog-operator: reads its options, runs until a signal, and says in one line why it ends otherwise. */
import { randomUUID } from 'node:crypto'
import { tuneEngine } from './engine.ts'
import { OperatorError } from './errors.ts'
import { type Logger, makeLogger, reasonText } from './log.ts'
import { readOptions, usage } from './options.ts'
import { run } from './run.ts'

async function main(args: readonly string[]): Promise<void> {
  tuneEngine()
  if (args.includes('--help') || args.includes('-h')) {
    process.stdout.write(usage())
    return
  }
  let log: Logger = makeLogger('info')
  try {
    const options = readOptions(args, process.env, randomUUID())
    log = makeLogger(options.logLevel)
    await run(options, log, untilSignal(log))
  } catch (error) {
    process.exitCode = report(error, log)
  }
}

function untilSignal(log: Logger): AbortSignal {
  const controller = new AbortController()
  for (const name of ['SIGINT', 'SIGTERM'] as const) {
    process.once(name, () => {
      log.info('the operator stops', { signal: name })
      controller.abort(new Error(name))
    })
  }
  return controller.signal
}

function report(error: unknown, log: Logger): number {
  if (!(error instanceof OperatorError)) {
    log.error('the operator ends by a defect of its own', { reason: reasonText(error) })
    return 1
  }
  log.error(error.message, { code: error.code, hint: error.hint })
  return error.exitCode
}

await main(process.argv.slice(2))
