/** Where things are, whether the sources run or what is built from them. */
import { existsSync, readFileSync } from 'node:fs'
import { dirname, extname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** Absolute path of a file of this package, for example `build/accesslog-helper`. */
export function packageFile(path: string): string {
  let folder = dirname(fileURLToPath(import.meta.url))
  while (!existsSync(join(folder, 'package.json')) && folder !== dirname(folder)) folder = dirname(folder)
  return join(folder, path)
}

/** As package.json has it. */
export function packageVersion(): string {
  return (JSON.parse(readFileSync(packageFile('package.json'), 'utf8')) as { version: string }).version
}

/** URL of a module beside the calling one, with the same extension. @param caller its import.meta.url */
export function siblingModule(name: string, caller: string): URL {
  return new URL(`./${name}${extname(new URL(caller).pathname)}`, caller)
}
