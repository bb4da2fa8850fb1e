/** `--demo`: a small HTTP server and a client that talks to it, so that there is something to watch. */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { dirname, extname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { accessLogError, reasonOf } from '../errors.ts'

const START_DEADLINE_MS = 10_000
const STOP_DEADLINE_MS = 2_000

export interface Demo {
  /** Server and client: to be watched although the agent started them. */
  pids: readonly number[]
  /** Ends both; resolves when they are gone. Rejects never. */
  stop(): Promise<void>
}

/**
 * Starts both on a free loopback port; the client begins at once. They end by themselves when the agent does,
 * however it ends: their channel to it closes. Throws INTERNAL: nothing a user
 * does can keep them from starting.
 */
export async function startDemo(): Promise<Demo> {
  const server = start('server', [])
  try {
    const client = start('client', [await portOf(server)])
    return {
      pids: [server, client].flatMap(({ pid }) => pid ?? []),
      stop: async () => void (await Promise.all([stop(client), stop(server)])),
    }
  } catch (error) {
    await stop(server)
    throw accessLogError(
      'INTERNAL',
      { reason: `the demo did not start: ${reasonOf(error)}` },
      { cause: error },
    )
  }
}

/** What the children say on stdout would mix with the agent's data. */
function start(script: string, args: readonly string[]): ChildProcess {
  const own = fileURLToPath(import.meta.url)
  const path = join(dirname(own), `${script}${extname(own)}`) // .ts here, .js where the agent is built
  const child = fork(path, args, { execArgv: [], stdio: ['ignore', 'ignore', 'inherit', 'ipc'] })
  child.on('error', () => {}) // its end tells as much
  return child
}

/** The server's first message is its port. */
async function portOf(server: ChildProcess): Promise<string> {
  const signal = AbortSignal.timeout(START_DEADLINE_MS)
  const ended = once(server, 'exit', { signal }).then(([code]) => {
    throw new Error(`the demo server ended with code ${code}`)
  })
  const [port] = (await Promise.race([once(server, 'message', { signal }), ended])) as [number]
  ended.catch(() => {}) // it ends some day
  return String(port)
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return
  const ended = once(child, 'exit')
  if (child.connected) child.disconnect()
  const kill = setTimeout(() => child.kill('SIGKILL'), STOP_DEADLINE_MS)
  await ended
  clearTimeout(kill)
}
