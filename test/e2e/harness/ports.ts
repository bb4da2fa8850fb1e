/** Free ports below the ephemeral range, so that no client socket can take one before its server does. */
import { createServer } from 'node:net'

const FIRST = 18_500
const COUNT = 500

/** Test files run side by side: each process starts to look at a place of its own. */
let next = (process.pid * 37) % COUNT

/** A port that nothing listened on a moment ago, on both loopback addresses. @throws when all are taken */
export async function freePort(): Promise<number> {
  for (let tries = 0; tries < COUNT; tries++) {
    const port = FIRST + (next++ % COUNT)
    if ((await isFree(port, '127.0.0.1')) && (await isFree(port, '::1'))) return port
  }
  throw new Error(`no free port from ${FIRST} to ${FIRST + COUNT - 1}`)
}

function isFree(port: number, host: string): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer()
    probe.once('error', () => resolve(false))
    probe.listen({ port, host, exclusive: true }, () => probe.close(() => resolve(true)))
  })
}
