/** A reflector against an HTTP server that refuses as it is told. */
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import test from 'ava'
import { ApiServer } from '../../../operator/gather/api-server.ts'
import { PooledKubeConfig } from '../../../operator/gather/kubeconfig.ts'
import { Reflector } from '../../../operator/gather/reflector.ts'
import { until } from '../../e2e/harness/until.ts'

const LIST = { apiVersion: 'v1', kind: 'SecretList', metadata: { resourceVersion: '7' }, items: [] }

/** Answers lists with these statuses in turn, then with a list; watches stay open and silent. */
async function serverThat(...statuses: number[]) {
  const server = createServer((request, response) => {
    const isWatch = request.url?.includes('watch=1')
    const status = isWatch ? 200 : (statuses.shift() ?? 200)
    response.writeHead(status, { 'Content-Type': 'application/json' })
    const refusal = { kind: 'Status', code: status, message: `refused with ${status}` }
    if (isWatch) response.flushHeaders()
    else response.end(JSON.stringify(status === 200 ? LIST : refusal))
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
  const stop = async () => {
    await config.destroy()
    server.close().closeAllConnections()
  }
  return { api: new ApiServer(config), stop }
}

test('a refusal is news once, whatever comes in between is, and the forbidden is tried again more slowly', async (t) => {
  const { api, stop } = await serverThat(403, 403, 403, 500, 403)
  const failures: string[] = []
  let isListed = false
  const sink = { listing: () => {}, listed: () => (isListed = true), upsert: () => {}, remove: () => {} }
  const reflector = new Reflector({
    api,
    resource: { name: 'secrets', path: '/api/v1/secrets' },
    sink,
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
  t.teardown(stop)
  const end = new AbortController()
  const ended = reflector.run(end.signal)
  await until('a list was taken', () => isListed)
  end.abort()
  await ended

  t.deepEqual(failures, [
    'refused with 403 1 news',
    'refused with 403 2 again',
    'refused with 403 3 again',
    'refused with 500 800 news',
    'refused with 403 3 news',
  ])
})
