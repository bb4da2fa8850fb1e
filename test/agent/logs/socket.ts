/** One end of a connection, told as the kernel tells it: calls in, records with running totals out. */
import { ConnectionRole, OpenOrigin, RecordSyscall } from '../../../agent/connections/gen/event.ts'
import {
  NOTHING,
  type Open,
  type Totals,
  batch,
  close,
  data,
  open,
  progress,
} from '../connections/records.ts'

const SECOND = 1_000_000_000
/** Every call takes so long, and begins so long after the one before. */
const CALL_NS = 1000
const PAUSE_NS = 9000

let lastId = 0

export class Socket {
  readonly id = ++lastId
  readonly sock = BigInt(this.id) + 0xffff_0000_0000_0000n
  readonly #totals: [Totals, Totals] = [{ ...NOTHING }, { ...NOTHING }]
  #records: Uint8Array[]
  #nowNs = SECOND

  /** A server that accepted, unless told otherwise. */
  constructor(fields: Omit<Open, 'connection' | 'sock'> = {}) {
    const { startNs = this.#nowNs, endNs = this.#nowNs + CALL_NS } = fields
    this.#records = [open({ ...fields, connection: this.id, sock: this.sock, startNs, endNs })]
  }

  /** The other end of a connection to 10.0.0.1:80 that a watched process began. */
  static client(fields: Omit<Open, 'connection' | 'sock'> = {}): Socket {
    return new Socket({
      role: ConnectionRole.CLIENT,
      origin: OpenOrigin.CONNECT,
      local: ['10.0.0.2', 40_000],
      remote: ['10.0.0.1', 80],
      comm: 'client',
      tgid: 200,
      ...fields,
    })
  }

  read(text: string, more: { bytes?: number } = {}): this {
    return this.#call(0, text, more.bytes ?? text.length)
  }

  write(text: string, more: { bytes?: number } = {}): this {
    return this.#call(1, text, more.bytes ?? text.length)
  }

  /** Calls without a record: only totals tell of them. */
  fold(direction: 'read' | 'write', bytes: number, calls = 1): this {
    const totals = this.#totals[direction === 'read' ? 0 : 1]
    this.#nowNs += PAUSE_NS
    totals.foldedStartNs ||= this.#nowNs
    totals.bytes += bytes
    totals.calls += calls
    totals.lastEndNs = this.#nowNs += CALL_NS
    return this
  }

  /** The record of the call before did not arrive. */
  loseLast(): this {
    this.#records.pop()
    return this
  }

  progress(): this {
    this.#records.push(progress(this.id, this.#totals))
    return this
  }

  close(result = 0): this {
    const startNs = (this.#nowNs += PAUSE_NS)
    const endNs = (this.#nowNs += CALL_NS)
    this.#records.push(close({ connection: this.id, startNs, endNs, result, totals: this.#totals }))
    return this
  }

  /** The records since the last call of this. */
  take(): Uint8Array {
    const taken = batch(...this.#records)
    this.#records = []
    return taken
  }

  #call(direction: 0 | 1, captured: string, bytes: number): this {
    const startNs = (this.#nowNs += PAUSE_NS)
    const endNs = (this.#nowNs += CALL_NS)
    const totals = this.#totals[direction]
    const syscall = direction === 0 ? RecordSyscall.RECVFROM : RecordSyscall.WRITEV
    const peer = this.#totals[direction === 0 ? 1 : 0]
    this.#records.push(
      data({
        connection: this.id,
        direction,
        startNs,
        endNs,
        syscall,
        captured,
        bytes,
        before: totals,
        peer,
      }),
    )
    Object.assign(totals, {
      bytes: totals.bytes + bytes,
      calls: totals.calls + 1,
      records: totals.records + 1,
      foldedStartNs: 0,
      lastEndNs: endNs,
    })
    return this
  }
}
