/** The operating system's side of the helper: spawn, three streams, one end. */
import { spawn, type ChildProcess } from 'node:child_process'
import { accessLogError, reasonOf, type AccessLogError } from '../errors.ts'
import { free } from '../memory.ts'
import { Lines } from './lines.ts'

/** Characters kept of a line of stderr. */
const LINE_MAX_LENGTH = 1_024

export interface ChildListener {
  /** Bytes of stdout, valid during the call. */
  chunk(bytes: Uint8Array): void
  /** A line of stderr. */
  log(line: string): void
  /**
   * Called once, after everything that was written to stdout has been read.
   * @param error how it ended, or why it could not be started
   * @param clean it ended by itself with exit code 0
   */
  ended(error: AccessLogError, clean: boolean): void
}

/**
 * A running program. It has a session of its own, so that Ctrl-C reaches the agent only, which then asks it to stop.
 * It ends by itself when its stdin closes, also when the agent is killed.
 */
export class Child {
  /** Its streams are null when there was no file descriptor left for them. */
  readonly #process: ChildProcess
  readonly #listener: ChildListener
  #lastLine = ''
  #ended = false

  /** Throws HELPER_CRASHED when the system refuses at once; other failures are reported by `ended`. */
  constructor(command: string, args: readonly string[], listener: ChildListener) {
    this.#listener = listener
    this.#process = start(command, args)
    this.#process.on('error', (error) => this.#end(startError(command, error), false))
    this.#process.on('close', (code, signal) => this.#end(this.#endError(code, signal), code === 0))
    const { stdin, stdout, stderr } = this.#process
    for (const stream of [stdin, stdout, stderr]) stream?.on('error', ignore)
    stdout?.on('data', (chunk: Buffer<ArrayBuffer>) => {
      listener.chunk(chunk)
      free(chunk) // Node reads into 64 KiB of its own each time, hundreds a second
    })
    this.#readLines()
  }

  /** Bytes written and not yet taken by the program. */
  get unsentBytes(): number {
    return this.#process.stdin?.writableLength ?? 0
  }

  /** Queues bytes for stdin. After the end they are dropped. */
  write(bytes: Uint8Array): void {
    if (this.#process.stdin?.writable) this.#process.stdin.write(bytes)
  }

  closeStdin(): void {
    this.#process.stdin?.end()
  }

  /** Stops reading stdout; at most what Node has read ahead (64 KiB) is kept here. */
  pause(): void {
    this.#process.stdout?.pause()
  }

  resume(): void {
    this.#process.stdout?.resume()
  }

  /** Ends it at once; what it has written and was not read is dropped. */
  kill(): void {
    this.#process.kill('SIGKILL')
    this.#process.stdout?.destroy()
    this.#process.stderr?.destroy()
  }

  #readLines(): void {
    const lines = new Lines(LINE_MAX_LENGTH, (line) => {
      this.#lastLine = line
      this.#listener.log(line)
    })
    const { stderr } = this.#process
    stderr?.setEncoding('utf8')
    stderr?.on('data', (text: string) => lines.push(text))
    stderr?.on('end', () => lines.end())
  }

  #endError(code: number | null, signal: NodeJS.Signals | null): AccessLogError {
    const how = signal === null ? `exit code ${code}` : `signal ${signal}`
    const reason = this.#lastLine === '' ? how : `${how}, last words: ${this.#lastLine}`
    return accessLogError('HELPER_CRASHED', { reason })
  }

  #end(error: AccessLogError, clean: boolean): void {
    if (this.#ended) return
    this.#ended = true
    this.#listener.ended(error, clean)
  }
}

/** A broken stream needs no handling of its own: the process behind it ends, and that is reported. */
function ignore(): void {}

function start(command: string, args: readonly string[]): ChildProcess {
  try {
    return spawn(command, args, { stdio: 'pipe', detached: true })
  } catch (error) {
    throw startError(command, error as NodeJS.ErrnoException)
  }
}

function startError(command: string, error: NodeJS.ErrnoException): AccessLogError {
  const missing = error.code === 'ENOENT' || error.code === 'EACCES'
  if (missing) return accessLogError('HELPER_MISSING', { path: command }, { cause: error })
  return accessLogError('HELPER_CRASHED', { reason: reasonOf(error) }, { cause: error })
}
