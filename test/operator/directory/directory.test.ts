import test from 'ava'
import fc from 'fast-check'
import { workloadName } from '../../../crds/naming/workload.ts'
import { addressKey } from '../../../operator/directory/address.ts'
import { Directory } from '../../../operator/directory/directory.ts'
import type { ApiObject, ObjectMeta } from '../../../operator/gather/reflector.ts'

for (const [text, same] of [
  ['10.0.0.1', '::ffff:10.0.0.1'],
  ['fd00::1', 'FD00:0:0:0:0:0:0:1'],
  ['::1', '0:0:0:0:0:0:0:1'],
] as const) {
  test(`addresses: ${text} and ${same} are the same`, (t) => {
    t.not(addressKey(text), undefined)
    t.is(addressKey(text), addressKey(same))
  })
}

for (const text of ['', 'None', '10.0.0', '10.0.0.256', '10.0.0.1:80', 'fe80::1%eth0', 'example.com']) {
  test(`addresses: ${JSON.stringify(text)} is none`, (t) => t.is(addressKey(text), undefined))
}

test('addresses: any two IPv4 addresses differ', (t) => {
  fc.assert(
    fc.property(fc.ipV4(), fc.ipV4(), (one, other) => {
      t.is(addressKey(one) === addressKey(other), one === other)
    }),
  )
})

interface PodFields {
  labels?: Record<string, string>
  owner?: { kind: string; name: string }
  containers?: string[]
  phase?: string
  hostNetwork?: boolean
}

function pod(id: string, ips: string[], fields: PodFields = {}): ApiObject {
  const { labels = {}, owner, containers = ['app'], phase = 'Running', hostNetwork = false } = fields
  return {
    metadata: meta(id, {
      labels,
      ...(owner && { ownerReferences: [{ ...owner, uid: 'o', controller: true }] }),
    }),
    spec: { hostNetwork, containers: containers.map((name) => ({ name })) },
    status: { phase, podIP: ips[0], podIPs: ips.map((ip) => ({ ip })) },
  } as ApiObject
}

function service(id: string, selector: Record<string, string>, ...clusterIPs: string[]): ApiObject {
  return { metadata: meta(id), spec: { selector, clusterIPs, clusterIP: clusterIPs[0] } } as ApiObject
}

function meta(id: string, more: Partial<ObjectMeta> = {}): ObjectMeta {
  const [namespace = '', name = ''] = id.split('/')
  return { name, namespace, uid: id, resourceVersion: '1', ...more }
}

test('a pod is known by its Service, its name and its only container', (t) => {
  const directory = new Directory('east')
  directory.services.upsert(service('shop/cart', { app: 'cart' }, '10.96.0.7'))
  directory.pods.upsert(pod('shop/cart-1', ['10.0.0.1', 'fd00::1'], { labels: { app: 'cart' } }))
  const owner = {
    kind: 'Pod',
    service: 'east::cart.shop',
    namespace: 'shop',
    pod: 'cart-1',
    container: 'app',
  }
  t.deepEqual(directory.lookup('10.0.0.1'), owner as never)
  t.deepEqual(directory.lookup('FD00::0:1'), owner as never)
  t.deepEqual(directory.lookup('10.96.0.7'), {
    kind: 'Service',
    service: 'east::cart.shop',
    namespace: 'shop',
  })
  t.is(directory.lookup('10.0.0.2'), undefined)
})

test('with several containers none is named', (t) => {
  const directory = new Directory('')
  directory.pods.upsert(pod('shop/cart-1', ['10.0.0.1'], { containers: ['app', 'proxy'] }))
  t.deepEqual(directory.lookup('10.0.0.1'), {
    kind: 'Pod',
    service: 'cart-1.shop',
    namespace: 'shop',
    pod: 'cart-1',
  })
})

test('a Service that comes later, changes or goes names the pods anew', (t) => {
  const directory = new Directory('')
  const name = () => directory.lookup('10.0.0.1')?.service
  const owner = { kind: 'StatefulSet', name: 'cart' }
  directory.pods.upsert(pod('shop/cart-0', ['10.0.0.1'], { labels: { app: 'cart' }, owner }))
  t.is(name(), 'cart.shop')
  directory.services.upsert(service('shop/web', { app: 'cart' }))
  t.is(name(), 'web.shop')
  directory.services.upsert(service('other/w', { app: 'cart' }))
  t.is(name(), 'web.shop', 'a Service of another namespace does not count')
  directory.services.upsert(service('shop/web', { app: 'else' }))
  t.is(name(), 'cart.shop')
  directory.services.upsert(service('shop/web', { app: 'cart' }))
  directory.services.remove(service('shop/web', {}))
  t.is(name(), 'cart.shop')
})

test('pods of a StatefulSet are one workload, also when Services select single ones', (t) => {
  const directory = new Directory('')
  const put = (index: number) =>
    directory.pods.upsert(
      pod(`shop/db-${index}`, [`10.0.0.${index}`], {
        owner: { kind: 'StatefulSet', name: 'db' },
        labels: {
          app: 'db',
          'statefulset.kubernetes.io/pod-name': `db-${index}`,
          'apps.kubernetes.io/pod-index': String(index),
        },
      }),
    )
  for (const index of [0, 1, 2]) put(index)
  const names = () => [0, 1, 2].map((index) => directory.lookup(`10.0.0.${index}`)?.service)
  t.is(directory.sizes.workloads, 1)
  directory.services.upsert(service('shop/database', { app: 'db' }))
  t.deepEqual(names(), ['database.shop', 'database.shop', 'database.shop'])
  directory.services.upsert(service('shop/db-0', { 'statefulset.kubernetes.io/pod-name': 'db-0' }))
  directory.services.upsert(service('shop/db-1', { 'apps.kubernetes.io/pod-index': '1' }))
  t.deepEqual(names(), ['db-0.shop', 'db-1.shop', 'database.shop'])
  directory.services.remove(service('shop/db-0', {}))
  directory.services.remove(service('shop/db-1', {}))
  t.deepEqual(names(), ['database.shop', 'database.shop', 'database.shop'])
})

test('pods without a controller that share all else keep their own names', (t) => {
  const directory = new Directory('')
  directory.pods.upsert(pod('shop/one', ['10.0.0.1']))
  directory.pods.upsert(pod('shop/two', ['10.0.0.2']))
  t.deepEqual(
    ['10.0.0.1', '10.0.0.2'].map((ip) => directory.lookup(ip)?.service),
    ['one.shop', 'two.shop'],
  )
})

for (const [id, what] of [
  ['shop/cart-7d9f8b6c5d-x2x9z', 'of a Deployment'],
  [`shop/${'a'.repeat(47)}-5d7f9c6b8xq2vz`, 'whose long name leaves no room for a dash'],
  ['shop/db-12', 'of a StatefulSet'],
  ['shop/single', 'without a dash'],
  ['shop/a-', 'that ends in a dash'],
  ['shop/backup-supercalifragilistic', 'whose last word is long'],
] as const) {
  test(`the name of a pod ${what} comes back whole, and by it the pod is removed`, (t) => {
    const directory = new Directory('')
    const owner = { kind: 'ReplicaSet', name: 'cart-7d9f8b6c5d' }
    directory.pods.upsert(pod(id, ['10.0.0.1', 'fd00::1'], { owner }))
    t.is(directory.lookup('10.0.0.1')?.pod, id.slice('shop/'.length))
    t.is(directory.lookup('fd00::1')?.pod, id.slice('shop/'.length))
    directory.pods.remove(pod(`${id}x`, ['10.0.0.1', 'fd00::1'], { owner }))
    t.is(directory.sizes.pods, 2, 'another pod is not it')
    directory.pods.remove(pod(id, ['10.0.0.1', 'fd00::1'], { owner }))
    t.deepEqual(directory.sizes, { pods: 0, services: 0, workloads: 0 })
  })
}

test('addresses of ended pods and of the host network are nobody’s', (t) => {
  const directory = new Directory('')
  directory.pods.upsert(pod('shop/job', ['10.0.0.1']))
  directory.pods.upsert(pod('shop/job', ['10.0.0.1'], { phase: 'Succeeded' }))
  directory.pods.upsert(pod('shop/proxy', ['192.0.2.1'], { hostNetwork: true }))
  t.deepEqual(directory.sizes, { pods: 0, services: 0, workloads: 0 })
})

test('an address that was used again stays the new pod’s when the old one is deleted late', (t) => {
  const directory = new Directory('')
  directory.pods.upsert(pod('shop/old', ['10.0.0.1']))
  directory.pods.upsert(pod('shop/new', ['10.0.0.1']))
  directory.pods.remove(pod('shop/old', ['10.0.0.1']))
  t.is(directory.lookup('10.0.0.1')?.pod, 'new')
})

const podFields = fc.record({
  id: fc.constantFrom('a/p1', 'a/p2', 'b/p1', 'b/p3'),
  app: fc.constantFrom('x', 'y'),
  owner: fc.option(fc.constantFrom('d1', 'd2'), { nil: undefined }),
})
const step = fc.oneof(
  fc.record({ kind: fc.constant('put' as const), pod: podFields }),
  fc.record({ kind: fc.constant('remove' as const), pod: podFields }),
  fc.record({
    kind: fc.constant('service' as const),
    id: fc.constantFrom('a/s', 'a/ss', 'b/s'),
    app: fc.constantFrom('x', 'y'),
  }),
  fc.record({ kind: fc.constant('unservice' as const), id: fc.constantFrom('a/s', 'a/ss', 'b/s') }),
  fc.record({ kind: fc.constant('relist' as const), without: fc.constantFrom('a/p1', 'b/p1') }),
)

test('after any changes the directory knows what one would know who had kept every object', (t) => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
      const directory = new Directory('')
      const pods = new Map<string, ApiObject>()
      const services = new Map<string, ApiObject>()
      for (const action of steps) {
        if (action.kind === 'put' || action.kind === 'remove') {
          const { id, app, owner } = action.pod
          const made = pod(id, [ipOf(id)], {
            labels: { app },
            ...(owner && { owner: { kind: 'DaemonSet', name: owner } }),
          })
          if (action.kind === 'put') pods.set(id, made)
          else pods.delete(id)
          if (action.kind === 'put') directory.pods.upsert(made)
          else directory.pods.remove(made)
        } else if (action.kind === 'service') {
          services.set(action.id, service(action.id, { app: action.app }))
          directory.services.upsert(service(action.id, { app: action.app }))
        } else if (action.kind === 'unservice') {
          services.delete(action.id)
          directory.services.remove(service(action.id, {}))
        } else {
          pods.delete(action.without)
          directory.pods.listing()
          for (const kept of pods.values()) directory.pods.upsert(kept)
          directory.pods.listed()
        }
      }
      t.is(directory.sizes.pods, pods.size)
      for (const id of ['a/p1', 'a/p2', 'b/p1', 'b/p3']) {
        t.is(directory.lookup(ipOf(id))?.service, expectedName(pods.get(id), services))
      }
    }),
  )
})

function ipOf(id: string): string {
  return `10.0.${id.charCodeAt(0)}.${id.charCodeAt(3)}`
}

function expectedName(object: ApiObject | undefined, services: Map<string, ApiObject>): string | undefined {
  if (!object) return undefined
  const { name, namespace = '', labels, ownerReferences } = object.metadata
  const selecting = [...services.values()]
    .filter(({ metadata }) => metadata.namespace === namespace)
    .map((one) => ({
      name: one.metadata.name,
      selector: (one as { spec?: { selector: Record<string, string> } }).spec?.selector,
    }))
  return workloadName({ name, namespace, labels, ownerReferences }, selecting)
}
