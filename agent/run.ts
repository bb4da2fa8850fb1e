/** `accesslog-agent run`: from options to a running pipeline, until a signal, a deadline or a failure. */
import { hostname } from 'node:os'
import { captureReport } from './capture.ts'
import { bootTimeNs } from './clock.ts'
import type { RunCommand } from './config/cli.ts'
import type { AgentConfig } from './config/config.ts'
import { type LoadedConfig, loadConfig } from './config/load.ts'
import { type Demo, startDemo } from './demo/demo.ts'
import { collectGarbage } from './engine.ts'
import type { AccessLogError } from './errors.ts'
import type { TextOutput } from './flush/text.ts'
import { endOnSignal, standardOutput } from './foreground.ts'
import { helperPath } from './helper/path.ts'
import { programStatuses } from './helper/messages.ts'
import type { HelperLife } from './helper/supervisor.ts'
import { tableHeader } from './logs/table.ts'
import { Pipeline } from './pipeline.ts'
import { closeLogger, type Logger, makeLogger } from './report/logger.ts'
import { summarize, summaryLine, summaryTable } from './report/summary.ts'
import { Cgroups } from './workloads/cgroups.ts'
import { ProcessReader, procRoot } from './workloads/processes.ts'
import { StandaloneDirectory } from './workloads/standalone.ts'
import { ProcessWatch } from './workloads/watch.ts'

/** When nothing was logged by then, say what to try. */
const HINT_AFTER_MS = 5_000

/** Runs to the end. Throws an AccessLogError when it could not start; returns the exit code otherwise. */
export async function run(command: RunCommand): Promise<number> {
  const end = Promise.withResolvers<AccessLogError | undefined>()
  const loaded = loadConfig({ ...command, environment: process.env })
  const logger = makeLogger({ secrets: [loaded.config.backend?.authentication ?? ''] })
  for (const warning of loaded.warnings) logger.warn(warning)
  const output = standardOutput(end.resolve)
  const pipeline = await makePipeline(command, loaded, output, logger, end.resolve)
  endOnSignal(logger, () => end.resolve(undefined))
  let demo: Demo | undefined
  try {
    announce(command, await pipeline.start(), output, logger)
    collectGarbage()
    demo = command.demo ? await startDemo() : undefined
    startTimers(command, pipeline, logger, () => end.resolve(undefined))
  } catch (error) {
    await pipeline.stop()
    throw error
  }
  const failure = await end.promise
  await demo?.stop()
  await finish(command, pipeline, output)
  if (failure !== undefined) throw failure
  await closeLogger(logger)
  return 0
}

async function makePipeline(
  command: RunCommand,
  { config }: LoadedConfig,
  output: TextOutput,
  logger: Logger,
  onFailure: (error: AccessLogError) => void,
): Promise<Pipeline> {
  const bootTime = bootTimeNs()
  const hostName = hostname()
  const reader = new ProcessReader(procRoot(process.env))
  const cgroups = new Cgroups({ root: '/sys/fs/cgroup', now: () => performance.now() })
  const directory = new StandaloneDirectory({ hostName, clusterName: config.clusterName, reader, cgroups })
  const { pids, process: pattern } = command
  const watch = new ProcessWatch({ pids, process: pattern, ownPids: [process.pid], reader, directory })
  return new Pipeline({
    config,
    helperPath: helperPath(process.env),
    bootTimeNs: bootTime,
    watch,
    directory,
    text: { format: command.output, output },
    sender: await startBackend(config, hostName, bootTime, logger),
    logger,
    onFailure,
  })
}

/** gRPC is loaded only when it is needed: it costs some 20 MB. */
async function startBackend(config: AgentConfig, hostName: string, bootTime: bigint, logger: Logger) {
  if (config.backend === undefined) return undefined
  const { startSender } = await import('./backend.ts')
  return startSender(config, config.backend, { hostName, bootTimeNs: bootTime, logger })
}

/** The first line of the output. */
function announce(
  { output: format }: RunCommand,
  { ready }: HelperLife,
  output: TextOutput,
  logger: Logger,
): void {
  const programs = programStatuses(ready.programs)
  const capture = captureReport(programs)
  if (format === 'json') output.line(`${JSON.stringify({ kind: 'ready', capture })}\n`)
  if (format === 'table') output.line(tableHeader())
  for (const [capability, state] of Object.entries(capture)) {
    if (state !== 'Active') logger.info(`${capability}: ${state}`)
  }
  logger.info('capturing', { existingSockets: ready.scannedSockets, rings: ready.ringCount })
}

function startTimers(command: RunCommand, pipeline: Pipeline, logger: Logger, end: () => void): void {
  if (command.durationMs !== undefined) setTimeout(end, command.durationMs).unref()
  if (command.output === 'table') setTimeout(() => hint(pipeline, logger), HINT_AFTER_MS).unref()
}

function hint(pipeline: Pipeline, logger: Logger): void {
  if (pipeline.exchanges > 0) return
  logger.info('nothing talks HTTP here yet; to see some, run in another shell: npm start -- --demo')
}

async function finish({ output: format }: RunCommand, pipeline: Pipeline, output: TextOutput): Promise<void> {
  const summary = summarize(await pipeline.stop())
  process.stderr.write(summaryTable(summary))
  if (format === 'json') output.line(`${summaryLine(summary)}\n`)
  await output.drained(HINT_AFTER_MS)
}
