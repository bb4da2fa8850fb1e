/** A watched shell: what it starts is watched from its first system call, because it is its child. */
import { Owned } from './owned.ts'

export class Shell {
  readonly #process = new Owned('bash', ['-s'])
  #commands = 0

  get pid(): number {
    return this.#process.pid
  }

  /** Runs a command line to its end. @returns its exit status */
  async run(command: string): Promise<number> {
    const id = ++this.#commands
    this.#process.writeLine(`${command}; echo "ended ${id} $?"`)
    const [, status] = await this.#process.line(new RegExp(`^ended ${id} (\\d+)$`), 30_000)
    return Number(status)
  }

  async stop(): Promise<void> {
    await this.#process.stop('SIGKILL')
  }
}
