/** Calls of the service in servers/grpc-server.ts. Messages are bytes; each call resolves with the status it ended with. */
import { once } from 'node:events'
import { Client, credentials, type ServiceError, status } from '@grpc/grpc-js'

const identity = (bytes: Buffer): Buffer => bytes

export class EchoClient {
  readonly #client: Client

  constructor(port: number) {
    this.#client = new Client(`127.0.0.1:${port}`, credentials.createInsecure())
  }

  unary(message: string, deadlineMs = 10_000): Promise<status> {
    return new Promise((resolve) => {
      const options = { deadline: Date.now() + deadlineMs }
      const answer = (error: ServiceError | null) => resolve(error?.code ?? status.OK)
      this.#client.makeUnaryRequest(
        '/test.Echo/Unary',
        identity,
        identity,
        Buffer.from(message),
        options,
        answer,
      )
    })
  }

  collect(messages: number, bytes: number): Promise<status> {
    return new Promise((resolve) => {
      const answer = (error: ServiceError | null) => resolve(error?.code ?? status.OK)
      const call = this.#client.makeClientStreamRequest('/test.Echo/Collect', identity, identity, answer)
      for (let i = 0; i < messages; i++) call.write(Buffer.alloc(bytes, 'c'))
      call.end()
    })
  }

  async repeat(messages: number, bytes: number): Promise<status> {
    const request = Buffer.from(`${messages}x${bytes}`)
    const call = this.#client.makeServerStreamRequest('/test.Echo/Repeat', identity, identity, request)
    call.resume()
    const [{ code }] = (await once(call, 'status')) as [{ code: status }]
    return code
  }

  /** Each message waits for the answer to the one before. @param cancels instead of ending */
  async chat(messages: number, bytes: number, cancels = false): Promise<status> {
    const call = this.#client.makeBidiStreamRequest('/test.Echo/Chat', identity, identity)
    call.on('error', () => {}) // the status tells
    const ended = new Promise<status>((resolve) => call.on('status', ({ code }) => resolve(code)))
    for (let i = 0; i < messages; i++) {
      call.write(Buffer.alloc(bytes, 'm'))
      await once(call, 'data')
    }
    if (cancels) call.cancel()
    else call.end()
    call.resume()
    return ended
  }

  close(): void {
    this.#client.close()
  }
}
