/** Where the helper binary is. */
import { packageFile } from '../package.ts'

/** `ACCESSLOG_HELPER`, or the one that was built with this package. */
export function helperPath(environment: NodeJS.ProcessEnv): string {
  return environment['ACCESSLOG_HELPER'] || packageFile('build/accesslog-helper')
}
