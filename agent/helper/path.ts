/** Where the helper binary is. */
import { fileURLToPath } from 'node:url'

/** `ACCESSLOG_HELPER`, or the one that was built beside this package. */
export function helperPath(environment: NodeJS.ProcessEnv): string {
  return (
    environment['ACCESSLOG_HELPER'] || fileURLToPath(new URL('../../build/accesslog-helper', import.meta.url))
  )
}
