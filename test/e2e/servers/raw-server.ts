/**
 * A TCP server that answers each request head with canned bytes, one write for each part, and closes where told.
 * Argument: JSON `{"/path": {"parts": [latin1 text], "close": bool, "bodyBytes": request body bytes to read first}}`.
 */
import { type AddressInfo, type Socket, createServer } from 'node:net'

interface Answer {
  parts: string[]
  close?: boolean
  bodyBytes?: number
}

const answers = JSON.parse(process.argv[2] ?? '{}') as Record<string, Answer>
const BUFFERED_MAX_BYTES = 16 * 1024 * 1024

function serve(socket: Socket): void {
  let buffered = ''
  let writing = Promise.resolve()
  const take = (): void => {
    for (;;) {
      const head = buffered.match(/^[A-Z]+ (\S+)[^]*?\r?\n\r?\n/)
      const answer = answers[head?.[1] ?? '']
      if (!head || !answer || buffered.length < head[0].length + (answer.bodyBytes ?? 0)) return
      buffered = buffered.slice(head[0].length + (answer.bodyBytes ?? 0))
      writing = writing.then(() => send(socket, answer))
    }
  }
  socket.setNoDelay(true)
  socket.setEncoding('latin1').on('data', (text: string) => {
    buffered += text
    if (buffered.length > BUFFERED_MAX_BYTES) socket.destroy()
    take()
  })
  socket.on('error', () => {})
}

async function send(socket: Socket, answer: Answer): Promise<void> {
  for (const part of answer.parts) {
    await new Promise<void>((resolve) => socket.write(Buffer.from(part, 'latin1'), () => resolve()))
  }
  if (answer.close) socket.end()
}

const server = createServer(serve)
server.listen(0, '127.0.0.1', () => {
  process.stdout.write(`listening ${(server.address() as AddressInfo).port}\n`)
})
process.on('SIGTERM', () => process.exit(0))
