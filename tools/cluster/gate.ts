/**
 * A way into a node's network: connections to a port of this machine's loopback interface go on to an address in there.
 * Run by `openGate`: the socket is made outside, by the parent, and accepted from inside.
 */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { writeId } from './daemon.ts'

const CONNECT_DEADLINE_MS = 5_000

/** Opens the gate; it stays when this process ends. @param prefix words of the sandbox @param folder the cluster's */
export async function openGate(
  port: number,
  target: { address: string; port: number },
  prefix: readonly string[],
  folder: string,
): Promise<void> {
  const server = createServer()
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
  const command = [...prefix, process.execPath]
  const child = fork(import.meta.filename, [target.address, String(target.port)], {
    execPath: command[0],
    execArgv: command.slice(1),
    detached: true,
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  })
  if (child.pid === undefined) throw new Error(`the gate cannot be run: ${command.join(' ')}`)
  writeId(folder, 'gate', child.pid)
  child.unref()
  await handOver(child, server)
}

/** Gives the socket away: from the answer on only the child accepts. */
async function handOver(child: ChildProcess, server: Server): Promise<void> {
  child.send('socket', server)
  await Promise.race([
    once(child, 'message'),
    once(child, 'exit').then(() => {
      throw new Error('the gate ended before it opened')
    }),
  ])
  server.close()
  child.disconnect()
}

/** Joins two sockets; when one ends or fails, so does the other. */
function forward(outer: Socket, address: string, port: number): void {
  const inner = connect({ host: address, port, timeout: CONNECT_DEADLINE_MS })
  inner.once('connect', () => inner.setTimeout(0))
  inner.once('timeout', () => inner.destroy())
  outer.on('error', () => inner.destroy()).on('close', () => inner.destroy())
  inner.on('error', () => outer.destroy()).on('close', () => outer.destroy())
  outer.setNoDelay(true)
  inner.setNoDelay(true)
  outer.pipe(inner).pipe(outer)
}

if (import.meta.main) {
  const [address = '', port = ''] = process.argv.slice(2)
  process.once('message', (_, handle) => {
    ;(handle as Server).on('connection', (socket: Socket) => forward(socket, address, Number(port)))
    process.send?.('open')
  })
}
