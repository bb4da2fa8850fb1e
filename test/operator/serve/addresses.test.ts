import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import test, { type ExecutionContext } from 'ava'
import { type AddressOwner, ADDRESSES_AUDIENCE, ADDRESSES_PATH } from '../../../crds/naming/addresses.ts'
import { addressServer } from '../../../operator/serve/addresses.ts'
import { type TokenReview, Tokens } from '../../../operator/serve/tokens.ts'

const AGENT = 'system:serviceaccount:accesslog:accesslog-agent'
const OWNER: AddressOwner = { kind: 'Pod', service: 'cart.shop', namespace: 'shop', pod: 'cart-1' }

function review(username: string, audiences: string[], authenticated = true): TokenReview {
  return { spec: { token: '' }, status: { authenticated, audiences, user: { username } } }
}

const REVIEWS: Record<string, TokenReview> = {
  agent: review(AGENT, [ADDRESSES_AUDIENCE]),
  stranger: review('system:serviceaccount:shop:default', [ADDRESSES_AUDIENCE]),
  elsewhere: review(AGENT, ['https://kubernetes.default.svc']),
  expired: review('', [], false),
}

async function start(t: ExecutionContext, isReady = true) {
  const asked: string[] = []
  const answers: string[] = []
  const tokens = new Tokens({
    agentUser: AGENT,
    now: () => performance.now(),
    review: async (token) => {
      asked.push(token)
      const answer = REVIEWS[token]
      if (!answer) throw new Error('no answer')
      return answer
    },
  })
  const server = addressServer({
    tokens,
    isReady: () => isReady,
    lookup: (address) => (address === '10.0.0.1' ? OWNER : undefined),
    answered: (...numbers) => answers.push(numbers.join(' ')),
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => server.close().closeAllConnections())
  const { port } = server.address() as AddressInfo
  const ask = async (token: string | undefined, body: string, path = ADDRESSES_PATH, method = 'POST') => {
    const headers = token === undefined ? {} : { Authorization: `Bearer ${token}` }
    const init = { method, headers, ...(method === 'POST' && { body }) }
    const response = await fetch(`http://127.0.0.1:${port}${path}`, init)
    return { status: response.status, body: (await response.json()) as unknown, headers: response.headers }
  }
  return { ask, asked, answers }
}

const list = (...addresses: unknown[]) => JSON.stringify({ addresses })

test('an agent is told who has the addresses that are known', async (t) => {
  const { ask, answers } = await start(t)
  const { status, body } = await ask('agent', list('10.0.0.1', '10.0.0.9'))
  t.is(status, 200)
  t.deepEqual(body, { addresses: { '10.0.0.1': OWNER }, maxAgeMs: 60_000 })
  t.deepEqual(answers, ['200 2 1'])
})

for (const [what, token, body, expected] of [
  ['no token', undefined, list('10.0.0.1'), 401],
  ['a token that is not valid', 'expired', list('10.0.0.1'), 401],
  ['a token for another audience', 'elsewhere', list('10.0.0.1'), 401],
  ['the token of another service account', 'stranger', list('10.0.0.1'), 403],
  ['a body that is no JSON', 'agent', 'x', 400],
  ['no addresses', 'agent', list(), 400],
  ['addresses that are no texts', 'agent', list(1), 400],
  ['too many addresses', 'agent', list(...Array.from({ length: 1001 }, () => '1.1.1.1')), 413],
  ['a body that is too long', 'agent', 'x'.repeat(65 * 1024), 413],
  ['an API server that does not answer', 'unknown', list('10.0.0.1'), 503],
] as const) {
  test(`refused with ${expected}: ${what}`, async (t) => {
    const { ask } = await start(t)
    const { status, body: answer } = await ask(token, body)
    t.is(status, expected)
    t.deepEqual(Object.keys(answer as object), ['error'])
  })
}

test('another path or method is refused', async (t) => {
  const { ask } = await start(t)
  t.is((await ask('agent', '', '/')).status, 404)
  t.is((await ask('agent', '', ADDRESSES_PATH, 'GET')).status, 405)
})

test('while the directory is being read agents are asked to come back', async (t) => {
  const { ask } = await start(t, false)
  const { status, headers } = await ask('agent', list('10.0.0.1'))
  t.is(status, 503)
  t.is(headers.get('retry-after'), '5')
})

test('the API server is asked once for a token, also by requests that come together', async (t) => {
  const { ask, asked } = await start(t)
  await Promise.all([ask('agent', list('10.0.0.1')), ask('agent', list('10.0.0.1'))])
  await ask('agent', list('10.0.0.1'))
  t.deepEqual(asked, ['agent'])
})

test('a verdict is forgotten after a while: of an agent after 10 minutes, of others sooner', async (t) => {
  let nowMs = 0
  let count = 0
  const tokens = new Tokens({
    agentUser: AGENT,
    now: () => nowMs,
    review: async (token) => (count++, REVIEWS[token] as TokenReview),
  })
  for (const [atMs, token, expected] of [
    [0, 'agent', 1],
    [599_999, 'agent', 1],
    [600_000, 'agent', 2],
    [600_000, 'expired', 3],
    [609_999, 'expired', 3],
    [610_000, 'expired', 4],
  ] as const) {
    nowMs = atMs
    await tokens.verdict(token)
    t.is(count, expected, `${token} at ${atMs} ms`)
  }
})
