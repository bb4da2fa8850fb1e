#!/usr/bin/env node
/** The command line: dispatches, renders errors, sets the exit code. */
import { type Command, USAGE, parseCommandLine } from './config/cli.ts'
import { tuneEngine } from './engine.ts'
import { asAccessLogError } from './errors.ts'
import { packageVersion } from './package.ts'

async function perform(command: Command): Promise<number> {
  if (command.kind === 'run') return (await import('./run.ts')).run(command)
  if (command.kind === 'kubernetes') return (await import('./kubernetes.ts')).runKubernetes(command)
  if (command.kind === 'doctor') return (await import('./doctor.ts')).doctor(command)
  if (command.kind === 'check') return (await import('./check.ts')).check(command)
  process.stdout.write(command.kind === 'help' ? USAGE : `accesslog-agent ${packageVersion()}\n`)
  return 0
}

try {
  tuneEngine()
  process.exitCode = await perform(parseCommandLine(process.argv.slice(2)))
} catch (thrown) {
  const error = asAccessLogError(thrown)
  process.stderr.write(`${error.render()}\n`)
  process.exitCode = error.exitCode
}
