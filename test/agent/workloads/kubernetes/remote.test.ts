import test from 'ava'
import type { AddressesResponse } from '../../../../crds/naming/addresses.ts'
import { Pods } from '../../../../agent/workloads/kubernetes/pods.ts'
import { ClusterAddresses } from '../../../../agent/workloads/kubernetes/remote.ts'
import { aPod, id, statusOf } from './objects.ts'

type Ask = (addresses: string[]) => Promise<AddressesResponse>

function directoryOf(ask: Ask, capacity?: number) {
  const clock = { ms: 0 }
  const asked: string[][] = []
  const pods = new Pods('prod')
  const directory = new ClusterAddresses({
    pods,
    clusterName: () => 'prod',
    ask: (addresses) => {
      asked.push(addresses)
      return ask(addresses)
    },
    now: () => clock.ms,
    random: () => 0,
    ...(capacity !== undefined && { capacity }),
  })
  return { clock, asked, pods, directory }
}

const service = (name: string) => ({ kind: 'Service' as const, service: `${name}.shop`, namespace: 'shop' })
const answering: Ask = (addresses) =>
  Promise.resolve({
    addresses: Object.fromEntries(
      addresses.filter((one) => one.startsWith('10.')).map((one) => [one, service('cart')]),
    ),
    maxAgeMs: 1_000,
  })
const CART = { service: 'prod::cart.shop', pod: '', container: '', process: '', pid: 0 }

test('a pod of the node is known without asking, its container by the port', (t) => {
  const { pods, asked, directory } = directoryOf(answering)
  const containers = [
    { name: 'app', ports: [{ containerPort: 80 }] },
    { name: 'admin', ports: [{ containerPort: 81 }] },
  ]
  const containerStatuses = [statusOf('app', id('a')), statusOf('admin', id('b'))]
  pods.put(aPod({ spec: { containers }, status: { podIP: '10.0.0.1', containerStatuses } }))
  t.like(directory.lookup('10.0.0.1', 81), { service: 'prod::web-1.shop', pod: 'web-1', container: 'admin' })
  t.like(directory.lookup('10.0.0.1', 99), { pod: 'web-1', container: '' })
  t.deepEqual(asked, [])
  directory.stop()
})

test('addresses that are new together are asked for in one request', async (t) => {
  const { asked, directory } = directoryOf(answering)
  const answers = await Promise.all([
    directory.resolve('10.0.0.1', 80),
    directory.resolve('10.0.0.2', 80),
    directory.resolve('10.0.0.1', 81),
    directory.resolve('192.0.2.1', 80),
  ])
  t.deepEqual(answers, [CART, CART, CART, undefined])
  t.deepEqual(asked, [['10.0.0.1', '10.0.0.2', '192.0.2.1']])
  directory.stop()
})

test('an answer is kept as long as the operator says, also that there is none', async (t) => {
  const { clock, asked, directory } = directoryOf(answering)
  await directory.resolve('10.0.0.1', 80)
  await directory.resolve('192.0.2.1', 80)
  clock.ms = 999
  t.deepEqual(directory.lookup('10.0.0.1', 80), CART)
  t.is(directory.lookup('192.0.2.1', 80), undefined)
  t.is(asked.length, 2)
  clock.ms = 1_000
  t.deepEqual(directory.lookup('10.0.0.1', 80), CART, 'the old one, while it is asked for again')
  await directory.resolve('192.0.2.1', 80)
  t.deepEqual(asked[2], ['10.0.0.1', '192.0.2.1'])
  directory.stop()
})

test('without the operator addresses go without a name, old answers only for a while', async (t) => {
  let up = true
  const { clock, directory } = directoryOf((addresses) =>
    up ? answering(addresses) : Promise.reject(Object.assign(new Error('gone'), { retryAfterMs: 1 })),
  )
  await directory.resolve('10.0.0.1', 80)
  up = false
  clock.ms = 30_000
  t.deepEqual(directory.lookup('10.0.0.1', 80), CART)
  clock.ms = 61_000
  t.is(directory.lookup('10.0.0.1', 80), undefined)
  t.is(await directory.resolve('10.0.0.2', 80), undefined)
  t.true(directory.counters.failures >= 1)
  directory.stop()
})

test('no more is remembered than may be', async (t) => {
  const { asked, directory } = directoryOf(answering, 1)
  await directory.resolve('10.0.0.1', 80)
  await directory.resolve('10.0.0.2', 80)
  t.is(directory.lookup('10.0.0.1', 80), undefined)
  await directory.resolve('10.0.0.1', 80)
  t.is(asked.length, 3)
  directory.stop()
})

test('addresses that mean something on one host only are nobody’s', async (t) => {
  const { asked, directory } = directoryOf(answering)
  for (const address of ['127.0.0.1', '169.254.1.1', '::1', '::', 'fe80::1'])
    t.is(await directory.resolve(address, 80), undefined)
  t.deepEqual(asked, [])
  directory.stop()
})

test('who waits when it stops goes without', async (t) => {
  const { directory } = directoryOf(() => new Promise(() => {}))
  const waiting = directory.resolve('10.0.0.1', 80)
  directory.stop()
  t.is(await waiting, undefined)
  t.is(directory.lookup('10.0.0.2', 80), undefined)
})
