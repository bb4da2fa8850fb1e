/**
 * Bodies that are larger than what is captured of a message, in every shape that system calls can give them. The
 * body bytes in a log are the true number, or `incomplete` says that they are not known: never another number.
 */
import test, { type ExecutionContext } from 'ava'
import fc from 'fast-check'
import { CASES, type Case, anyCase } from './chunked-cases.ts'
import { AgentRun, type HttpLog } from './harness/agent.ts'
import { conservationProblems } from './harness/conservation.ts'
import { Peers, type Round, type Script } from './harness/peers.ts'
import { clientLogs, serverLogs } from './harness/rows.ts'

const READ_BYTES = 65_536
const SEED = 20_240_607
const AFTER_BYTES = 5
const AFTER = `HTTP/1.1 200 OK\r\nContent-Length: ${AFTER_BYTES}\r\n\r\nafter`

const cases: Record<string, Case> = {
  ...CASES,
  ...Object.fromEntries(
    fc
      .sample(anyCase, { numRuns: 40, seed: SEED })
      .map((one, i) => [`any chunks in any calls, number ${i} of seed ${SEED}`, one]),
  ),
}
const names = Object.keys(cases)

interface Logs {
  server: readonly HttpLog[]
  client: readonly HttpLog[]
  problems: readonly string[]
}

/** One agent watches all cases, one after the other. */
let played: Promise<Logs> | undefined

async function play(): Promise<Logs> {
  const peers = await Peers.start(names.map((name, i) => scriptOf(cases[name]!, i)))
  const agent = await AgentRun.watching(peers.pids).catch(async (error: unknown) => {
    await peers.stop()
    throw error
  })
  try {
    await peers.play()
    const { logs, summary } = await agent.stop()
    const { port } = peers
    return {
      server: serverLogs(logs, port),
      client: clientLogs(logs, port),
      problems: conservationProblems(summary),
    }
  } finally {
    await agent.process.stop('SIGKILL')
    await peers.stop()
  }
}

/** One connection: the case, then an exchange that has to be understood whatever the case was. */
function scriptOf({ steps, upload, pipelined = [], readBytes = READ_BYTES }: Case, number: number): Script {
  const after: Round = { request: [{ write: get(`/${number}/after`) }], response: [{ write: AFTER }] }
  if (upload) {
    const request = [{ write: postHead(`/${number}/0`) }, ...steps]
    const first: Round = { request, response: [{ write: 'HTTP/1.1 204 No Content\r\n\r\n' }] }
    return { rounds: [first, after], readBytes: READ_BYTES, requestReadBytes: readBytes }
  }
  const requests = [0, ...pipelined].map((_, i) => get(`/${number}/${i}`)).join('')
  const first: Round = { request: [{ write: requests }], response: steps }
  return { rounds: [first, after], readBytes, requestReadBytes: READ_BYTES }
}

const get = (path: string): string => `GET ${path} HTTP/1.1\r\nHost: e2e\r\n\r\n`
const postHead = (path: string): string =>
  `POST ${path} HTTP/1.1\r\nHost: e2e\r\nTransfer-Encoding: chunked\r\n\r\n`

/** The one log of a path. */
function only(t: ExecutionContext, logs: readonly HttpLog[], path: string): HttpLog {
  const found = logs.filter((log) => log.request.path === path)
  t.is(found.length, 1, `logs of ${path}`)
  return found[0]!
}

/** @param isScripted the calls of this side are those of the case */
function expectBody(
  t: ExecutionContext,
  log: HttpLog,
  bodyBytes: number,
  { upload, verdict }: Case,
  isScripted: boolean,
): void {
  const part = upload ? 'request' : 'response'
  const isUnknown = log.incomplete?.includes(`${part}.bodyBytes`) ?? false
  const what = `${part} bodyBytes=${log[part].bodyBytes} incomplete=${log.incomplete?.join() ?? ''}`
  if (verdict === 'unknown') return void t.true(isUnknown, what)
  if (!isUnknown) t.is(log[part].bodyBytes, bodyBytes, what)
  if (verdict === 'exact' && isScripted) t.is(log.incomplete, undefined, what)
}

for (const [number, name] of names.entries()) {
  test.serial(name, async (t) => {
    const { server, client } = await (played ??= play())
    const one = cases[name]!
    for (const [logs, isScripted] of [
      [server, !one.upload],
      [client, one.upload === true],
    ] as const) {
      for (const [i, bodyBytes] of [one.bodyBytes, ...(one.pipelined ?? [])].entries()) {
        expectBody(t, only(t, logs, `/${number}/${i}`), bodyBytes, one, isScripted)
      }
      const { response, incomplete } = only(t, logs, `/${number}/after`)
      t.like(response, { status: 200, bodyBytes: AFTER_BYTES })
      t.is(incomplete, undefined)
    }
  })
}

test.serial('nothing of all that was lost or left unexplained', async (t) => {
  const { problems } = await (played ??= play())
  t.deepEqual(problems, [])
})
