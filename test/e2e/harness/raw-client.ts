/** A client that writes exactly the bytes it is told to, in exactly as many writes. */
import { type Socket, connect } from 'node:net'
import { until } from './until.ts'

const RECEIVED_MAX_BYTES = 64 * 1024 * 1024

export class RawClient {
  readonly socket: Socket
  /** All received bytes as latin1 text. */
  received = ''
  ended = false

  private constructor(socket: Socket) {
    this.socket = socket
    socket.setNoDelay(true)
    socket.setEncoding('latin1').on('data', (text: string) => {
      this.received += text
      if (this.received.length > RECEIVED_MAX_BYTES) socket.destroy(new Error('received too much'))
    })
    socket.once('close', () => (this.ended = true))
    socket.on('error', () => {}) // a reset is an end like another; what was received tells
  }

  static connect(port: number, host = '127.0.0.1'): Promise<RawClient> {
    return new Promise((resolve, reject) => {
      const socket = connect(port, host)
      socket.once('error', reject)
      socket.once('connect', () => {
        socket.off('error', reject)
        resolve(new RawClient(socket))
      })
    })
  }

  /** One write, handed to the kernel when this resolves. */
  write(bytes: string | Uint8Array): Promise<void> {
    return new Promise((resolve, reject) => {
      this.socket.write(typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes, (error) =>
        error ? reject(error) : resolve(),
      )
    })
  }

  /** One write for each byte. */
  async writeByteByByte(bytes: string): Promise<void> {
    for (const byte of bytes) await this.write(byte)
  }

  /** Resolves when the pattern (global) occurs `count` times in what was received. */
  async receives(pattern: RegExp, count = 1): Promise<void> {
    await until(`${count} × ${pattern} received`, () => (this.received.match(pattern)?.length ?? 0) >= count)
  }

  /** Resolves when this many response heads have arrived. */
  responses(count: number): Promise<void> {
    return this.receives(/HTTP\/1\.[01] \d{3} /g, count)
  }

  async close(): Promise<void> {
    this.socket.end()
    this.socket.resume()
    await until('end of the connection', () => this.ended)
  }

  destroy(): void {
    this.socket.destroy()
  }
}

/** `GET path HTTP/1.1` with a Host header and these more, ready to be sent. */
export function get(path: string, headers: Readonly<Record<string, string>> = {}): string {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
  return `GET ${path} HTTP/1.1\r\nHost: e2e\r\n${lines.join('')}\r\n`
}
