import { status } from '@grpc/grpc-js'
import test, { type ExecutionContext } from 'ava'
import { AgentRun, type HttpLog } from '../harness/agent.ts'
import { conservationProblems } from '../harness/conservation.ts'
import { GoClient, buildGo } from '../harness/go-program.ts'
import { clientLogs, difference, type Row, serverLogs, toRow } from '../harness/rows.ts'
import { expectRows, observe } from '../harness/scenario.ts'
import { ScriptServer } from '../harness/script-server.ts'
import { served } from '../harness/server.ts'

let binary: string

test.before(async (t) => {
  t.timeout(240_000, 'go build')
  binary = await buildGo('grpc')
})

async function start(t: ExecutionContext): Promise<{ server: ScriptServer; client: GoClient }> {
  const server = await ScriptServer.go(binary)
  t.teardown(() => server.stop())
  const client = await GoClient.start(binary, `127.0.0.1:${server.port}`)
  t.teardown(() => client.stop())
  return { server, client }
}

/** `CALLS KIND MESSAGES BYTES`, see test/programs/go/grpc. @returns the status of each call */
async function call(client: GoClient, line: string): Promise<status[]> {
  const answer = await client.ask(line)
  return JSON.parse(answer.replace('ended ', '').replaceAll(' ', ',')) as status[]
}

const CALLS: Record<string, [lines: string[], code: status]> = {
  'a unary call': [['1 unary 1 100'], status.OK],
  '500 unary calls, 50 at once': [Array.from({ length: 10 }, () => '50 unary 1 200'), status.OK],
  'a message of 1 MB, and an empty one': [['1 unary 1 1000000', '1 unary 1 0'], status.OK],
  'a stream of requests': [['1 collect 50 1000', '1 collect 0 0', '10 collect 20 5000'], status.OK],
  'a stream of responses': [['1 repeat 100 10000', '1 repeat 0 0', '10 repeat 50 2000'], status.OK],
  'a stream in both directions': [['1 chat 30 100', '1 chat 3 20000', '10 chat 20 50'], status.OK],
  'an error in trailers only': [['1 fail 1 0', '20 fail 1 0'], status.NOT_FOUND],
}

const countOf = (lines: readonly string[]): number =>
  lines.reduce((sum, line) => sum + Number(line.split(' ')[0]), 0)

for (const [name, [lines, code]] of Object.entries(CALLS)) {
  test.serial(`${name}: both ends log what the service counts`, async (t) => {
    const { server, client } = await start(t)
    const { logs } = await observe(t, [...server.pids, client.pid], async () => {
      for (const line of lines) for (const ended of await call(client, line)) t.is(ended, code)
      await served(server, countOf(lines))
    })
    t.is(server.rows().length, countOf(lines))
    expectRows(t, server.rows(), serverLogs(logs, server.port))
    expectRows(t, server.rows(), clientLogs(logs, server.port))
  })
}

test.serial('calls whose deadline passes, and calls that are cancelled', async (t) => {
  const { server, client } = await start(t)
  const { logs } = await observe(t, [...server.pids, client.pid], async () => {
    t.deepEqual(await call(client, '5 hang 1 100'), new Array<status>(5).fill(status.DEADLINE_EXCEEDED))
    t.deepEqual(await call(client, '5 cancel 2 10'), new Array<status>(5).fill(status.CANCELLED))
    t.deepEqual(await call(client, '1 unary 1 5'), [status.OK])
    await served(server, 11)
  })
  for (const seen of [serverLogs(logs, server.port), clientLogs(logs, server.port)]) {
    const bytes = ({ method, path, responseBodyBytes, requestBodyBytes }: Row): Row => {
      return {
        method,
        path,
        status: 0,
        responseBodyBytes: responseBodyBytes ?? 0,
        requestBodyBytes: requestBodyBytes ?? 0,
      }
    }
    t.deepEqual(difference(server.rows().map(bytes), seen.map(toRow).map(bytes)), [])
    for (const log of seen) expectEnd(t, log)
  }
})

/** Client and server both watch the deadline: the client resets the stream, or trailers say that it has passed. */
function expectEnd(t: ExecutionContext, { request, response, durationNs, incomplete }: HttpLog): void {
  const { grpcStatus } = response
  if (request.path === '/test.Echo/Chat') t.true(grpcStatus === undefined || grpcStatus === status.CANCELLED)
  else if (request.bodyBytes === 5 + 'hang'.length) {
    t.true(grpcStatus === undefined || grpcStatus === status.DEADLINE_EXCEEDED)
    t.is(incomplete === undefined, response.status === 200)
    t.true(durationNs > 50_000_000)
  } else t.is(grpcStatus, status.OK)
}

test.serial('on a channel that is older than the agent only what was sent before is unknown', async (t) => {
  const { server, client } = await start(t)
  await call(client, '5 unary 1 10')
  await served(server, 5)
  const agent = await AgentRun.watching([...server.pids, client.pid])
  t.teardown(() => agent.process.stop('SIGKILL'))
  await call(client, '20 unary 1 30') // its path is in the client's table
  await call(client, '20 collect 3 7') // this one is put into it now
  await call(client, '20 fail 1 0')
  await served(server, 65)
  const { logs, summary } = await agent.stop()
  t.deepEqual(conservationProblems(summary), [])
  for (const seen of [serverLogs(logs, server.port), clientLogs(logs, server.port)]) {
    expectKnown(t, server.rows().slice(5), seen)
    const collected = seen.filter(({ request }) => request.path === '/test.Echo/Collect')
    t.is(collected.length, 20)
  }
})

/** Rows but for paths and statuses that are unknown, and are said to be. */
function expectKnown(t: ExecutionContext, rows: readonly Row[], seen: readonly HttpLog[]): void {
  const known = (row: Row): Row => ({ ...row, path: '', grpcStatus: undefined })
  t.deepEqual(difference(rows.map(known), seen.map(toRow).map(known)), [])
  for (const { request, response, incomplete = [] } of seen) {
    t.is(request.path === '', incomplete.includes('request'))
    t.is(response.grpcStatus === undefined, incomplete.includes('response.headers'))
  }
}
