import { status } from '@grpc/grpc-js'
import test, { type ExecutionContext } from 'ava'
import { AgentRun } from '../harness/agent.ts'
import { conservationProblems } from '../harness/conservation.ts'
import { EchoClient } from '../harness/grpc-client.ts'
import { difference, serverLogs, toRow } from '../harness/rows.ts'
import { expectServerLog, observe } from '../harness/scenario.ts'
import { ScriptServer } from '../harness/script-server.ts'
import { served } from '../harness/server.ts'

async function start(t: ExecutionContext): Promise<ScriptServer> {
  const server = await ScriptServer.grpc()
  t.teardown(() => server.stop())
  return server
}

function connect(t: ExecutionContext, { port }: ScriptServer): EchoClient {
  const client = new EchoClient(port)
  t.teardown(() => client.close())
  return client
}

const CALLS: Record<string, (client: EchoClient) => Promise<status>[]> = {
  'a unary call': (client) => [client.unary('hello')],
  '300 unary calls at once': (client) => Array.from({ length: 300 }, (_, i) => client.unary(`hello ${i}`)),
  'a message of 1 MB': (client) => [client.unary('x'.repeat(1_000_000))],
  'a stream of requests': (client) => [client.collect(50, 1000), client.collect(0, 0)],
  'a stream of responses': (client) => [client.repeat(100, 10_000), client.repeat(0, 0)],
  'a stream in both directions': (client) => [client.chat(30, 100), client.chat(3, 20_000)],
  'all at once': (client) => [
    client.chat(30, 100),
    client.repeat(200, 1000),
    client.collect(200, 1000),
    client.unary('hello'),
  ],
}

for (const [name, calls] of Object.entries(CALLS)) {
  test.serial(`${name}: one log for each, with the bytes of its messages`, async (t) => {
    const server = await start(t)
    const client = connect(t, server)
    await expectServerLog(t, server, calls(noCalls()).length, async () => {
      for (const code of await Promise.all(calls(client))) t.is(code, status.OK)
    })
  })
}

/** To count them. */
function noCalls(): EchoClient {
  const none = () => Promise.resolve(status.OK)
  return { unary: none, collect: none, repeat: none, chat: none } as unknown as EchoClient
}

test.serial('an error in trailers only is a log like any other', async (t) => {
  const server = await start(t)
  const client = connect(t, server)
  await expectServerLog(t, server, 2, async () => {
    t.is(await client.unary('fail'), status.NOT_FOUND)
    t.is(await client.unary('hello'), status.OK)
  })
})

test.serial('a call whose deadline passes, and one that is cancelled', async (t) => {
  const server = await start(t)
  const client = connect(t, server)
  const { logs } = await observe(t, server.pids, async () => {
    t.is(await client.unary('connect'), status.OK)
    t.is(await client.unary('hang', 100), status.DEADLINE_EXCEEDED)
    t.is(await client.chat(2, 10, true), status.CANCELLED)
    t.is(await client.unary('hello'), status.OK)
    await served(server, 2)
  })
  const calls = serverLogs(logs, server.port)
  const find = (path: string, bodyBytes: number) =>
    calls.find(({ request }) => request.path === path && request.bodyBytes === bodyBytes)
  const [hung, cancelled, last] = [
    find('/test.Echo/Unary', 9),
    find('/test.Echo/Chat', 30),
    find('/test.Echo/Unary', 10),
  ]
  t.is(calls.length, 4)
  // Both sides watch the deadline: the client resets the stream, or the server says in trailers that it has passed.
  const unanswered = hung?.response.status === 0 ? ['response', 'response.headers', 'response.bodyBytes'] : []
  t.deepEqual(hung?.incomplete ?? [], unanswered)
  t.true((hung?.durationNs ?? 0) > 50_000_000)
  t.is(cancelled?.response.bodyBytes, 30)
  t.is(last?.response.status, 200)
})

test.serial(
  'on a channel that is older than the agent calls have times, sizes, status and method',
  async (t) => {
    const server = await start(t)
    const client = connect(t, server)
    for (let i = 0; i < 5; i++) t.is(await client.unary('before'), status.OK)
    await served(server, 5)
    const agent = await AgentRun.watching(server.pids)
    t.teardown(() => agent.process.stop('SIGKILL'))
    await Promise.all([client.unary('after'), client.repeat(10, 5000), client.chat(3, 7)])
    await client.unary('after all')
    await served(server, 9)
    const { logs, summary } = await agent.stop()
    t.deepEqual(conservationProblems(summary), [])
    const seen = serverLogs(logs, server.port)
    // The path and the trailers' status were put into the table before: where they are not known, all else is.
    const known = (row: ReturnType<typeof toRow>) => ({ ...row, path: '', grpcStatus: undefined })
    const expected = server.rows().slice(5) as ReturnType<typeof toRow>[]
    t.deepEqual(difference(expected.map(known), seen.map(toRow).map(known)), [])
    for (const { request, response, incomplete = [] } of seen) {
      t.is(request.path === '', incomplete.includes('request'))
      t.is(response.grpcStatus === undefined, incomplete.includes('response.headers'))
    }
  },
)
