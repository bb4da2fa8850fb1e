/** A reflector against an HTTP server that refuses as it is told. */
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import test, { type ExecutionContext } from 'ava'
import { ApiServer } from '../../../operator/gather/api-server.ts'
import { PooledKubeConfig } from '../../../operator/gather/kubeconfig.ts'
import { Reflector } from '../../../operator/gather/reflector.ts'
import { until } from '../../e2e/harness/until.ts'

interface Page {
  metadata: { resourceVersion: string; continue?: string }
  items: object[]
}

function page(names: readonly string[], next?: string): Page {
  const items = names.map((name) => ({ metadata: { name, uid: name, resourceVersion: '1' } }))
  return { metadata: { resourceVersion: '7', ...(next !== undefined && { continue: next }) }, items }
}

/** Answers lists with these in turn, statuses or pages, then with an empty list; watches stay open and silent. */
async function serverThat(t: ExecutionContext, ...answers: (Page | number)[]) {
  /** Of every list that was asked for, where it was to go on. */
  const asked: string[] = []
  const server = createServer((request, response) => {
    const { searchParams } = new URL(request.url ?? '', 'http://server')
    const isWatch = searchParams.has('watch')
    const answer = isWatch ? 200 : (answers.shift() ?? page([]))
    const status = typeof answer === 'number' ? answer : 200
    response.writeHead(status, { 'Content-Type': 'application/json' })
    if (isWatch) return response.flushHeaders()
    asked.push(searchParams.get('continue') ?? 'from the start')
    const refusal = { kind: 'Status', code: status, message: `refused with ${status}` }
    return response.end(
      JSON.stringify(
        typeof answer === 'number' ? refusal : { apiVersion: 'v1', kind: 'SecretList', ...answer },
      ),
    )
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const config = new PooledKubeConfig()
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  config.loadFromOptions({
    clusters: [{ name: 'c', server: url, skipTLSVerify: true }],
    users: [{ name: 'u' }],
    contexts: [{ name: 'x', cluster: 'c', user: 'u' }],
    currentContext: 'x',
  })
  t.teardown(async () => {
    await config.destroy()
    server.close().closeAllConnections()
  })
  return { api: new ApiServer(config), asked }
}

/** Runs a reflector until it has a whole list. @returns what its sink and its observer were told */
async function untilListed(api: ApiServer) {
  const told: string[] = []
  const failures: string[] = []
  const reflector = new Reflector({
    api,
    resource: { name: 'secrets', path: '/api/v1/secrets' },
    sink: {
      listing: () => told.push('listing'),
      listed: () => told.push('listed'),
      upsert: ({ metadata }) => told.push(metadata.name),
      remove: () => {},
    },
    observer: {
      listed: () => {},
      watchEnded: () => {},
      failed: (_, error, retryMs, isNews) =>
        failures.push(`${(error as Error).message} ${retryMs} ${isNews ? 'news' : 'again'}`),
    },
    random: () => 0,
    now: () => performance.now(),
    forbiddenBackoff: { initialMs: 2, maxMs: 6 },
  })
  const end = new AbortController()
  const ended = reflector.run(end.signal)
  await until('a list was taken', () => told.includes('listed'))
  end.abort()
  await ended
  return { told, failures }
}

test('a refusal is news once, whatever comes in between is, and the forbidden is tried again more slowly', async (t) => {
  const { api } = await serverThat(t, 403, 403, 403, 500, 403)
  const { failures } = await untilListed(api)
  t.deepEqual(failures, [
    'refused with 403 1 news',
    'refused with 403 2 again',
    'refused with 403 3 again',
    'refused with 500 800 news',
    'refused with 403 3 news',
  ])
})

test('a list that is interrupted goes on behind the pages that were taken', async (t) => {
  const { api, asked } = await serverThat(
    t,
    page(['a'], 'second'),
    500,
    429,
    page(['b'], 'third'),
    page(['c']),
  )
  const { told } = await untilListed(api)
  t.deepEqual(asked, ['from the start', 'second', 'second', 'second', 'third'])
  t.deepEqual(told, ['listing', 'a', 'b', 'c', 'listed'])
})

test('a list whose next page has expired begins anew', async (t) => {
  const { api, asked } = await serverThat(t, page(['a'], 'second'), 410, page(['b'], 'other'), page(['c']))
  const { told } = await untilListed(api)
  t.deepEqual(asked, ['from the start', 'second', 'from the start', 'other'])
  t.deepEqual(told, ['listing', 'a', 'listing', 'b', 'c', 'listed'])
})
