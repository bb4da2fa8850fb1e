/** One life of the helper: handshake, commands, messages, end. */
import { accessLogError, asAccessLogError, helperError, type AccessLogError } from '../errors.ts'
import { Answers } from './answers.ts'
import { Child } from './child.ts'
import {
  cgroupCommands,
  encodeCommand,
  muteCommands,
  targetCommands,
  type CaptureSettings,
  type MutedConnection,
  type TargetLists,
} from './commands.ts'
import { Frames } from './frames.ts'
import {
  MessageKind,
  WIRE_MESSAGE_MAX_BYTES,
  WIRE_PROTOCOL_VERSION,
  type Counters,
  type Hello,
  type Problem,
  type Ready,
  type ToAgent,
  type ToHelper,
} from './gen/wire.ts'
import {
  DEADLINES,
  type Deadlines,
  type HelperEnd,
  type HelperListener,
  type HelperOptions,
} from './contract.ts'
import { decodeMessage, messageName, programStatuses } from './messages.ts'

/** Commands waiting for a helper that does not read: beyond this it is given up. */
const UNSENT_MAX_BYTES = 4 * 1024 * 1024

/** Muting only saves work, so it gives way long before. */
const UNSENT_BEFORE_MUTE_MAX_BYTES = 64 * 1024

/** A helper that was spawned. Whatever goes wrong ends it: there is no repair within a life. */
export class HelperProcess {
  readonly #child: Child
  readonly #listener: HelperListener
  readonly #deadlines: Deadlines
  readonly #answers = new Answers()
  readonly #frames = new Frames(WIRE_MESSAGE_MAX_BYTES)
  readonly #end = Promise.withResolvers<HelperEnd>()
  #hello: Hello | undefined
  #counters: Counters | undefined
  /** Why it ends or ended, the first reason given. */
  #error: AccessLogError | undefined
  #phase: 'starting' | 'configuring' | 'ready' | 'stopping' | 'stopped' | 'dead' = 'starting'
  #shards = 0
  #paused = false
  #droppedMutes = 0

  private constructor(options: HelperOptions, listener: HelperListener) {
    this.#listener = listener
    this.#deadlines = { ...DEADLINES, ...options.deadlines }
    this.#child = new Child(options.command, options.args ?? [], {
      chunk: (bytes) => this.#onChunk(bytes),
      log: (line) => listener.log(line),
      ended: (error, clean) => this.#onEnded(error, clean),
    })
  }

  /**
   * Spawns a helper and checks its HELLO. Rejects with HELPER_MISSING, HELPER_CRASHED, HELPER_GARBAGE,
   * HELPER_TIMEOUT, HELPER_PROTOCOL_VERSION or a fatal problem; then no process is left.
   * @param signal ends the attempt, and the helper until it is ready
   */
  static async start(
    options: HelperOptions,
    listener: HelperListener,
    signal?: AbortSignal,
  ): Promise<HelperProcess> {
    const helper = new HelperProcess(options, listener)
    helper.#abortOn(signal)
    return helper.#orGiveUp(async () => {
      const hello = await helper.#ask(MessageKind.HELLO, 'with HELLO', helper.#deadlines.helloMs)
      checkVersions(hello, options.eventLayoutVersion)
      return helper
    })
  }

  /** Resolves, never rejects, when the process is gone and its last message was handed over. */
  get ended(): Promise<HelperEnd> {
    return this.#end.promise
  }

  get hello(): Hello {
    if (this.#hello === undefined)
      throw accessLogError('INTERNAL', { reason: 'a helper that never said HELLO' })
    return this.#hello
  }

  /** Connections whose muting was dropped because the helper did not read; they only cost more. */
  get droppedMutes(): number {
    return this.#droppedMutes
  }

  /**
   * Loads and attaches. The targets follow at once, so that they hold before the helper says READY. Records of
   * existing sockets may arrive before the promise resolves. Rejects like {@link start}.
   */
  configure(settings: CaptureSettings, targets: TargetLists): Promise<Ready> {
    return this.#orGiveUp(async () => {
      this.#phase = 'configuring'
      this.#shards = settings.shards
      this.#send({ kind: MessageKind.CONFIGURE, protocolVersion: WIRE_PROTOCOL_VERSION, ...settings })
      this.setTargets(targets)
      const ready = await this.#ask(MessageKind.READY, 'CONFIGURE', this.#deadlines.readyMs)
      programStatuses(ready.programs)
      return ready
    })
  }

  /** Applies a difference; a pid may be in one list only. */
  setTargets(targets: TargetLists): void {
    for (const command of cgroupCommands(targets.cgroups)) this.#send(command)
    for (const command of targetCommands(targets)) this.#send(command)
  }

  /** Stops the copying of payload. Dropped and counted while the helper does not read its commands. */
  mute(connections: readonly MutedConnection[]): void {
    for (const command of muteCommands(connections)) {
      if (this.#child.unsentBytes <= UNSENT_BEFORE_MUTE_MAX_BYTES) this.#send(command)
      else this.#droppedMutes += command.connections.length
    }
  }

  /**
   * Asks for the counters. A helper that does not answer in time is ended, unless reading is paused: then the answer
   * waits behind the batches, and only this call rejects (HELPER_TIMEOUT).
   */
  stats(): Promise<Counters> {
    const pending = this.#answers.pending(MessageKind.COUNTERS)
    if (pending !== undefined) return pending
    this.#send({ kind: MessageKind.STATS })
    return this.#ask(MessageKind.COUNTERS, 'STATS', this.#deadlines.countersMs)
  }

  /** Stops reading messages, so that the kernel counts what it cannot store. Takes effect from READY on. */
  pause(): void {
    this.#paused = true
    if (this.#phase === 'ready') this.#child.pause()
  }

  resume(): void {
    this.#paused = false
    this.#child.resume()
  }

  /**
   * Asks the helper to detach, drain and end; its last records arrive meanwhile, so reading is resumed. Past the
   * deadline it is killed, and the end has an error.
   */
  async shutdown(): Promise<HelperEnd> {
    if (this.#phase !== 'dead') this.#phase = 'stopping'
    this.resume()
    this.#send({ kind: MessageKind.SHUTDOWN })
    const timer = this.#failAfter(this.#deadlines.shutdownMs, 'SHUTDOWN')
    const end = await this.ended
    clearTimeout(timer)
    return end
  }

  /** Ends the helper at once. What it wrote and was not read is dropped. */
  fail(error: AccessLogError): void {
    this.#error ??= error
    this.#phase = 'dead'
    this.#answers.failAll(this.#error)
    this.#child.kill()
  }

  async #orGiveUp<T>(attempt: () => Promise<T>): Promise<T> {
    try {
      return await attempt()
    } catch (error) {
      this.fail(asAccessLogError(error))
      const end = await this.ended
      throw end.error ?? error
    }
  }

  /** The listener must not outlive this helper: one signal serves all lives. */
  #abortOn(signal: AbortSignal | undefined): void {
    const abort = () => {
      const early = this.#phase === 'starting' || this.#phase === 'configuring'
      if (early) this.fail(accessLogError('HELPER_CRASHED', { reason: 'its start was cancelled' }))
    }
    signal?.addEventListener('abort', abort)
    void this.ended.then(() => signal?.removeEventListener('abort', abort))
    if (signal?.aborted) abort()
  }

  #ask<Kind extends ToAgent['kind']>(kind: Kind, request: string, deadlineMs: number) {
    const wait = this.#answers.wait(kind, request, deadlineMs, (error) => {
      if (!(this.#paused && this.#phase === 'ready')) this.fail(error)
    })
    if (this.#phase === 'dead') this.#answers.failAll(this.#error ?? ended())
    return wait
  }

  #send(command: ToHelper): void {
    this.#child.write(encodeCommand(command))
    if (this.#child.unsentBytes <= UNSENT_MAX_BYTES) return
    this.fail(accessLogError('HELPER_PROBLEM', { where: 'stdin', reason: 'it does not read its commands' }))
  }

  #onChunk(chunk: Uint8Array): void {
    for (const message of this.#messages(chunk)) {
      if (this.#phase === 'dead') return
      if (this.#isInTurn(message.kind)) this.#onMessage(message)
      else this.fail(accessLogError('HELPER_GARBAGE', { reason: `${messageName(message.kind)} out of turn` }))
    }
  }

  /** Catches what is wrong with the bytes, not what a listener throws. */
  *#messages(chunk: Uint8Array): Generator<ToAgent> {
    try {
      for (const frame of this.#frames.push(chunk)) yield decodeMessage(frame)
    } catch (error) {
      this.fail(asAccessLogError(error))
    }
  }

  #isInTurn(kind: ToAgent['kind']): boolean {
    if (this.#phase === 'stopped') return false
    if (kind === MessageKind.HELLO) return this.#hello === undefined
    if (kind === MessageKind.READY) return this.#phase === 'configuring'
    if (kind === MessageKind.STOPPED) return this.#phase === 'stopping'
    return this.#hello !== undefined
  }

  #onMessage(message: ToAgent): void {
    switch (message.kind) {
      case MessageKind.HELLO:
        this.#hello = message
        break
      case MessageKind.READY:
        this.#phase = 'ready'
        if (this.#paused) this.#child.pause()
        break
      case MessageKind.COUNTERS:
        this.#counters = message
        break
      case MessageKind.BATCH:
        if (message.shard < this.#shards) this.#listener.batch(message)
        else this.fail(accessLogError('HELPER_GARBAGE', { reason: `a batch of shard ${message.shard}` }))
        break
      case MessageKind.PROCESSES:
        this.#listener.processes(message)
        break
      case MessageKind.PROBLEM:
        this.#onProblem(message)
        break
      case MessageKind.LIBRARY:
        this.#listener.library?.(message)
        break
      case MessageKind.STOPPED:
        this.#phase = 'stopped'
        this.#child.closeStdin()
        break
    }
    this.#answers.settle(message)
  }

  /** A fatal one is the helper's last word; it ends by itself, or is ended. */
  #onProblem(problem: Problem): void {
    if (!problem.fatal) {
      this.#listener.problem(problem)
      return
    }
    this.#error ??= helperError(problem.code, problem.where, problem.message)
    const timer = this.#failAfter(this.#deadlines.lastWordsMs, 'its own end')
    void this.ended.then(() => clearTimeout(timer))
  }

  #failAfter(deadlineMs: number, request: string): NodeJS.Timeout {
    const seconds = deadlineMs / 1_000
    return setTimeout(() => this.fail(accessLogError('HELPER_TIMEOUT', { request, seconds })), deadlineMs)
  }

  #onEnded(error: AccessLogError, clean: boolean): void {
    if (!(this.#phase === 'stopped' && clean)) this.#error ??= error
    this.#phase = 'dead'
    this.#answers.failAll(this.#error ?? ended())
    this.#end.resolve({ error: this.#error, counters: this.#counters })
  }
}

function ended(): AccessLogError {
  return accessLogError('HELPER_CRASHED', { reason: 'it was shut down' })
}

function checkVersions({ protocolVersion, eventLayoutVersion }: Hello, layoutVersion: number): void {
  if (protocolVersion === WIRE_PROTOCOL_VERSION && eventLayoutVersion === layoutVersion) return
  const theirs = `the helper version ${protocolVersion} with records ${eventLayoutVersion}`
  const ours = `the agent version ${WIRE_PROTOCOL_VERSION} with records ${layoutVersion}`
  throw accessLogError('HELPER_PROTOCOL_VERSION', { where: 'HELLO', reason: `${theirs}, ${ours}` })
}
