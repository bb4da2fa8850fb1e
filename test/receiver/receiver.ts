/** A SkyWalking backend as far as access logs go: takes what OAP takes, rejects what it drops, fails on demand. */
import {
  Server,
  type ServerCredentials,
  ServerCredentials as Credentials,
  type ServerReadableStream,
  type ServiceDefinition,
  type sendUnaryData,
  status,
} from '@grpc/grpc-js'
import { type Ledger, StreamRules, emptyLedger } from './ledger.ts'
import { LogReader, type ReceivedLog } from './logs.ts'
import { decodeMessage } from './protocol.ts'

const MESSAGE_MAX_BYTES = 50 * 1024 * 1024

/** What goes wrong, for streams opened from now on. */
export interface Faults {
  /** Calls end with this code at once. */
  refuse?: keyof typeof status
  /** Streams end with RESOURCE_EXHAUSTED after so many messages. */
  exhaustAfter?: number
  /** Nothing is read. */
  hang?: boolean
  /** Everything is read, nothing is answered. */
  mute?: boolean
  /** Each message takes so long. */
  slowMs?: number
}

export interface ReceiverOptions {
  /** 127.0.0.1:0 unless said otherwise: a port that is free. */
  address?: string
  /** Calls without this `Authentication` end with PERMISSION_DENIED. */
  token?: string
  credentials?: ServerCredentials
  /** Called with each log of an accepted message, in order; `stream` counts from 1. Costs the decoding. */
  onLog?: (log: ReceivedLog, stream: number) => void
}

type Call = ServerReadableStream<Buffer, object>
type Answer = sendUnaryData<object>

export class Receiver {
  readonly ledger: Ledger = emptyLedger()
  faults: Faults = {}
  /** Where it listens. */
  port = 0
  readonly #options: ReceiverOptions
  readonly #server = new Server({ 'grpc.max_receive_message_length': MESSAGE_MAX_BYTES })

  private constructor(options: ReceiverOptions) {
    this.#options = options
  }

  /** @throws when the address is taken */
  static async start(options: ReceiverOptions = {}): Promise<Receiver> {
    const receiver = new Receiver(options)
    receiver.#server.addService(service, {
      collect: (call: Call, answer: Answer) => receiver.#collect(call, answer),
    })
    await receiver.#listen()
    return receiver
  }

  get address(): string {
    return `127.0.0.1:${this.port}`
  }

  /** Ends all calls and connections at once. */
  stop(): void {
    this.#server.forceShutdown()
  }

  #listen(): Promise<void> {
    const { address = '127.0.0.1:0', credentials = Credentials.createInsecure() } = this.#options
    return new Promise((resolve, reject) => {
      this.#server.bindAsync(address, credentials, (error, port) => {
        this.port = port
        if (error) reject(error)
        else resolve()
      })
    })
  }

  #collect(call: Call, answer: Answer): void {
    const stream = ++this.ledger.streams
    const { token } = this.#options
    call.on('error', () => {}) // a client that goes away is not an error of the receiver
    if (token !== undefined && call.metadata.get('authentication')[0] !== token) {
      answer({ code: status.PERMISSION_DENIED, details: 'wrong token' })
      return
    }
    const { refuse, hang } = this.faults
    if (refuse) answer({ code: status[refuse], details: 'refused by the test' })
    else if (!hang) this.#read(call, answer, stream)
  }

  /** Rules first; then, for those who want them, logs. */
  #taker(stream: number): (bytes: Buffer) => void {
    const rules = new StreamRules(this.ledger)
    const reader = new LogReader()
    const { onLog } = this.#options
    return (bytes) => {
      const verdict = rules.enter(bytes)
      if (!onLog || verdict === 'malformed') return
      const logs = reader.read(decodeMessage(bytes))
      if (verdict === 'accepted') for (const log of logs) onLog(log, stream)
    }
  }

  #read(call: Call, answer: Answer, stream: number): void {
    const { faults } = this
    const take = this.#taker(stream)
    let messages = 0
    call.on('data', (bytes: Buffer) => {
      if (faults.exhaustAfter !== undefined && messages++ >= faults.exhaustAfter) {
        answer({ code: status.RESOURCE_EXHAUSTED, details: 'exhausted by the test' })
        call.removeAllListeners('data')
        return
      }
      take(bytes)
      if (faults.slowMs !== undefined) pause(call, faults.slowMs)
    })
    call.on('end', () => {
      if (faults.mute) return
      this.ledger.completed++
      answer(null, {})
    })
  }
}

function pause(call: Call, ms: number): void {
  call.pause()
  setTimeout(() => call.resume(), ms)
}

/** Requests stay bytes: only those who want objects pay for them. */
const service: ServiceDefinition = {
  collect: {
    path: '/skywalking.v3.EBPFAccessLogService/collect',
    requestStream: true,
    responseStream: false,
    requestSerialize: (bytes: Buffer) => bytes,
    requestDeserialize: (bytes: Buffer) => bytes,
    responseSerialize: () => Buffer.alloc(0),
    responseDeserialize: () => ({}),
  },
}
