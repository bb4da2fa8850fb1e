/** What every way of running has of its process: signals that end it, and standard output for logs. */
import { type AccessLogError, accessLogError } from './errors.ts'
import { TextOutput } from './flush/text.ts'
import type { Logger } from './report/logger.ts'

/** Text that may wait for a slow reader of standard output. */
const TEXT_MAX_BYTES = 8 * 1024 * 1024

/** @param onFailure called once with OUTPUT_FAILED, when the reader is gone */
export function standardOutput(onFailure: (error: AccessLogError) => void): TextOutput {
  return new TextOutput(process.stdout, TEXT_MAX_BYTES, (cause) =>
    onFailure(accessLogError('OUTPUT_FAILED', { reason: cause.message }, { cause })),
  )
}

/** A second signal does not wait. */
export function endOnSignal(logger: Logger, end: () => void): void {
  let signals = 0
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      if (++signals > 1) process.exit(1)
      logger.info('stopping', { signal })
      end()
    })
  }
}
