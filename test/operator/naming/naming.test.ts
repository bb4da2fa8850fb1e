import test from 'ava'
import { type PodMetadata, ownerOf } from '../../../crds/naming/owner.ts'
import { type SelectingService, selects, serviceNameOf } from '../../../crds/naming/service.ts'
import { inCluster, workloadName } from '../../../crds/naming/workload.ts'

const labels = { app: 'cart', tier: 'web', 'pod-template-hash': '5d4f8c7b9' }

for (const [what, selector, expected] of [
  ['no selector selects nothing', undefined, false],
  ['an empty selector selects nothing', {}, false],
  ['a selector that is a part of the labels selects', { app: 'cart' }, true],
  ['every label must match', { app: 'cart', tier: 'db' }, false],
  ['a label that the pod does not have does not match', { zone: '' }, false],
  ['names from the prototype are no labels', { constructor: 'x' }, false],
] as const) {
  test(`service selector: ${what}`, (t) => t.is(selects(selector, labels), expected))
}

function services(...names: string[]): SelectingService[] {
  return names.map((name) => ({ name, selector: { app: 'cart' } }))
}

for (const [what, given, expected] of [
  ['there is none', [], undefined],
  ['there is one', services('cart'), 'cart'],
  ['the shortest name wins', services('cart-headless', 'cart-all', 'cart'), 'cart'],
  ['of the same length the first in ASCII order wins', services('cart-b', 'cart-a', 'cart-c'), 'cart-a'],
  [
    'those that do not select are no choice',
    [{ name: 'c', selector: { app: 'x' } }, ...services('cart')],
    'cart',
  ],
] as const) {
  test(`service of a pod: ${what}`, (t) => t.is(serviceNameOf(labels, given), expected))
}

function pod(kind: string, name: string, more: Partial<PodMetadata> = {}): PodMetadata {
  return {
    name: 'the-pod',
    namespace: 'shop',
    labels,
    ownerReferences: [{ kind, name, controller: true }],
    ...more,
  }
}

for (const [what, given, kind, name] of [
  ['a ReplicaSet with the hash is a Deployment', pod('ReplicaSet', 'cart-5d4f8c7b9'), 'Deployment', 'cart'],
  ['a ReplicaSet without the hash is itself', pod('ReplicaSet', 'cart'), 'ReplicaSet', 'cart'],
  ['a hash alone is no name', pod('ReplicaSet', '-5d4f8c7b9'), 'ReplicaSet', '-5d4f8c7b9'],
  ['a StatefulSet', pod('StatefulSet', 'db'), 'StatefulSet', 'db'],
  ['a DaemonSet', pod('DaemonSet', 'proxy'), 'DaemonSet', 'proxy'],
  ['a ReplicationController', pod('ReplicationController', 'old'), 'ReplicationController', 'old'],
  ['a Job', pod('Job', 'migrate'), 'Job', 'migrate'],
  ['a Job of a CronJob', pod('Job', 'report-29884530'), 'CronJob', 'report'],
  ['a Job named by a date is no CronJob', pod('Job', 'report-20261124'), 'Job', 'report-20261124'],
  ['a Job named by a long number is no CronJob', pod('Job', 'report-1732448700'), 'Job', 'report-1732448700'],
  ['a static pod', pod('Node', 'node-1'), 'Pod', 'the-pod'],
  ['an owner of a kind that is not known', pod('Rocket', 'saturn'), 'Pod', 'the-pod'],
  ['no owner', pod('', '', { ownerReferences: undefined }), 'Pod', 'the-pod'],
  [
    'the controller of several owners',
    pod('', '', {
      ownerReferences: [
        { kind: 'Job', name: 'a' },
        { kind: 'DaemonSet', name: 'b', controller: true },
      ],
    }),
    'DaemonSet',
    'b',
  ],
] as const) {
  test(`owner of a pod: ${what}`, (t) => t.deepEqual(ownerOf(given), { kind, name }))
}

test('a pod is named by its Service before its owner, with the namespace', (t) => {
  const deployed = pod('ReplicaSet', 'cart-v2-5d4f8c7b9')
  t.is(workloadName(deployed, services('cart')), 'cart.shop')
  t.is(workloadName(deployed, []), 'cart-v2.shop')
  t.is(workloadName(pod('', '', { ownerReferences: [] }), []), 'the-pod.shop')
})

test('the prefix of the cluster is put once, and not without a name', (t) => {
  t.is(inCluster('cart.shop', 'east'), 'east::cart.shop')
  t.is(inCluster('west::cart.shop', 'east'), 'west::cart.shop')
  t.is(inCluster('cart.shop', ''), 'cart.shop')
})
