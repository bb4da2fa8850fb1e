import test from 'ava'
import { containerWith } from '../../../../agent/workloads/kubernetes/pod.ts'
import { aPod, id, type PodParts, statusOf } from './objects.ts'

const TWO = { containers: [{ name: 'app' }, { name: 'proxy' }] }
const WITH_INIT = {
  initContainers: [{ name: 'migrate' }, { name: 'mesh', restartPolicy: 'Always' }],
  containers: [{ name: 'app' }],
}
const DONE = { terminated: { exitCode: 0 } }

const CASES: Record<string, { pod: PodParts; asked: string; name: string | undefined }> = {
  'a container that was reported': {
    pod: { spec: TWO, status: { containerStatuses: [statusOf('app', id('a')), statusOf('proxy', id('b'))] } },
    asked: id('b'),
    name: 'proxy',
  },
  'the only one, before it is reported': { pod: {}, asked: id('a'), name: 'app' },
  'the only one, under another id after a crash that is not reported yet': {
    pod: { status: { containerStatuses: [statusOf('app', id('a'))] } },
    asked: id('c'),
    name: 'app',
  },
  'the one of several that is still to be reported': {
    pod: { spec: TWO, status: { containerStatuses: [statusOf('app', id('a'))] } },
    asked: id('b'),
    name: 'proxy',
  },
  'the one of several that crashed': {
    pod: {
      spec: TWO,
      status: { containerStatuses: [statusOf('app', id('a')), statusOf('proxy', id('b'), { waiting: {} })] },
    },
    asked: id('c'),
    name: 'proxy',
  },
  'any of several': { pod: { spec: TWO }, asked: id('a'), name: undefined },
  'the init container that comes first': { pod: { spec: WITH_INIT }, asked: id('a'), name: 'migrate' },
  'a native sidecar, by its id': {
    pod: {
      spec: WITH_INIT,
      status: { initContainerStatuses: [statusOf('migrate', id('a'), DONE), statusOf('mesh', id('b'))] },
    },
    asked: id('b'),
    name: 'mesh',
  },
  'the container after init containers and sidecars': {
    pod: {
      spec: WITH_INIT,
      status: { initContainerStatuses: [statusOf('migrate', id('a'), DONE), statusOf('mesh', id('b'))] },
    },
    asked: id('c'),
    name: 'app',
  },
  'an ephemeral container': {
    pod: {
      spec: { ephemeralContainers: [{ name: 'debug' }] },
      status: {
        containerStatuses: [statusOf('app', id('a'))],
        ephemeralContainerStatuses: [statusOf('debug', id('d'))],
      },
    },
    asked: id('d'),
    name: 'debug',
  },
}

for (const [name, { pod, asked, name: expected }] of Object.entries(CASES)) {
  test(`the container with an id: ${name}`, (t) => t.is(containerWith(aPod(pod), asked)?.name, expected))
}

for (const runtime of ['containerd', 'cri-o', 'docker', 'dockerd']) {
  test(`the id of a container of ${runtime}`, (t) => {
    const status = { name: 'app', containerID: `${runtime}://${id('a')}` }
    t.is(aPod({ status: { containerStatuses: [status] } }).containers[0]?.id, id('a'))
  })
}

test('a container that was not made yet has no id', (t) => {
  const pod = aPod({ status: { containerStatuses: [{ name: 'app', containerID: '' }] } })
  t.is(pod.containers[0]?.id, undefined)
})

test('a static pod is found by the hash of its manifest', (t) => {
  const annotations = { 'kubernetes.io/config.hash': 'f'.repeat(32) }
  t.is(aPod({ metadata: { annotations } }).cgroupUid, 'f'.repeat(32))
  t.is(aPod().cgroupUid, 'uid-1')
})

test('every address once, the first first', (t) => {
  const status = { podIP: '10.0.0.1', podIPs: [{ ip: '10.0.0.1' }, { ip: 'fd00::1' }] }
  t.deepEqual(aPod({ status }).addresses, ['10.0.0.1', 'fd00::1'])
  t.deepEqual(aPod({ status: { podIP: '10.0.0.1' } }).addresses, ['10.0.0.1'])
  t.deepEqual(aPod().addresses, [])
})
