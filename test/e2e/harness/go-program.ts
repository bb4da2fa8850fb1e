/** Test programs in Go, of test/programs/go, built when they are first asked for. */
import { join } from 'node:path'
import { REPOSITORY } from './agent.ts'
import { Owned, run } from './owned.ts'
import { until } from './until.ts'

const SOURCES = join(REPOSITORY, 'test/programs/go')
const BINARIES = join(REPOSITORY, 'build/programs/go')

/** @returns the path of the program. @throws with the compiler's words */
export async function buildGo(name: string): Promise<string> {
  const binary = join(BINARIES, name)
  const { code, stderr } = await run('go', ['build', '-C', join(SOURCES, name), '-o', binary, '.'])
  if (code !== 0) throw new Error(`go build ${name}: ${stderr}`)
  return binary
}

const DEADLINE_MS = 30_000

/** A client on one connection. It prints `ready`, and answers each line that it is told with a line. */
export class GoClient {
  readonly #process: Owned
  #asked = 0

  private constructor(process: Owned) {
    this.#process = process
  }

  /** @param args behind `client`, see the program */
  static async start(binary: string, ...args: readonly string[]): Promise<GoClient> {
    const process = new Owned(binary, ['client', ...args])
    await process.line(/^ready$/)
    return new GoClient(process)
  }

  get pid(): number {
    return this.#process.pid
  }

  /** Resolves with the answer, once what was asked for is done. @throws when the program ends before */
  async ask(line: string): Promise<string> {
    const count = ++this.#asked
    this.#process.writeLine(line)
    return until(
      `the answer to ${line}`,
      () => {
        const answer = this.#process.lines[count]
        if (answer === undefined && this.#process.gone) throw new Error(this.#process.stderr)
        return answer
      },
      DEADLINE_MS,
    )
  }

  async stop(): Promise<void> {
    await this.#process.stop()
  }
}
