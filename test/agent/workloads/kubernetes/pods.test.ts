import test from 'ava'
import { Pods } from '../../../../agent/workloads/kubernetes/pods.ts'
import { aPod, id, statusOf } from './objects.ts'

const place = (podUid: string | undefined, containerId: string | undefined = id('a')) => ({
  podUid,
  containerId,
})
const labelled = (app: string) => aPod({ metadata: { labels: { app } } })
const service = (name: string, app: string, namespace = 'shop') => ({ namespace, name, selector: { app } })

test('a pod is named after its owner, its Service, or itself', (t) => {
  const pods = new Pods('prod')
  pods.put(aPod())
  t.deepEqual(pods.nameAt(place('uid-1')), {
    namespace: 'shop',
    service: 'prod::web-1.shop',
    pod: 'web-1',
    container: 'app',
  })
  const ownerReferences = [{ kind: 'StatefulSet', name: 'web', controller: true }]
  pods.put(aPod({ metadata: { ownerReferences, labels: { app: 'web' } } }))
  t.is(pods.nameAt(place('uid-1'))?.service, 'prod::web.shop')
  pods.putService(service('front', 'web'))
  t.is(pods.nameAt(place('uid-1'))?.service, 'prod::front.shop')
})

test('names follow Services that come, change and go', (t) => {
  const pods = new Pods('')
  pods.put(labelled('web'))
  const name = () => pods.nameAt(place('uid-1'))?.service
  t.is(name(), 'web-1.shop')
  pods.putService(service('longer', 'web'))
  t.is(name(), 'longer.shop')
  pods.putService(service('short', 'web'))
  t.is(name(), 'short.shop')
  pods.putService(service('short', 'other'))
  t.is(name(), 'longer.shop')
  pods.putService(service('x', 'web', 'bank'))
  t.is(name(), 'longer.shop', 'another namespace does not count')
  pods.removeService({ namespace: 'shop', name: 'longer' })
  t.is(name(), 'web-1.shop')
  pods.replaceServices([service('all-new', 'web')])
  t.is(name(), 'all-new.shop')
})

test('names follow the labels of the pod and the name of the cluster', (t) => {
  const pods = new Pods('')
  pods.putService(service('front', 'web'))
  pods.put(labelled('web'))
  t.is(pods.nameAt(place('uid-1'))?.service, 'front.shop')
  pods.put(labelled('other'))
  t.is(pods.nameAt(place('uid-1'))?.service, 'web-1.shop')
  pods.setCluster('prod')
  t.is(pods.nameAt(place('uid-1'))?.service, 'prod::web-1.shop')
})

test('a place tells its pod by uid, by the hash of a static pod, or by the container', (t) => {
  const pods = new Pods('')
  const annotations = { 'kubernetes.io/config.hash': 'f'.repeat(32) }
  pods.put(aPod({ metadata: { annotations }, status: { containerStatuses: [statusOf('app', id('a'))] } }))
  t.is(pods.podAt(place('f'.repeat(32)))?.name, 'web-1')
  t.is(pods.podAt(place('uid-1'))?.name, 'web-1')
  t.is(pods.podAt(place(undefined))?.name, 'web-1')
  t.is(pods.podAt(place(undefined, id('b'))), undefined)
  t.is(pods.podAt(place('uid-2', id('b'))), undefined)
})

test('a list replaces everything, and what is gone is forgotten', (t) => {
  const pods = new Pods('')
  pods.put(aPod({ status: { podIP: '10.0.0.1', containerStatuses: [statusOf('app', id('a'))] } }))
  pods.replace([aPod({ metadata: { uid: 'uid-2', name: 'web-2' }, status: { podIP: '10.0.0.1' } })])
  t.is(pods.size, 1)
  t.is(pods.podAt(place(undefined)), undefined)
  t.is(pods.podWithAddress('10.0.0.1')?.name, 'web-2')
  pods.remove('uid-1')
  t.is(pods.podWithAddress('10.0.0.1')?.name, 'web-2', 'the address has another pod now')
})

test('a pod in the node’s network does not have the node’s address', (t) => {
  const pods = new Pods('')
  pods.put(aPod({ spec: { hostNetwork: true }, status: { podIP: '192.0.2.1' } }))
  t.is(pods.podWithAddress('192.0.2.1'), undefined)
})
