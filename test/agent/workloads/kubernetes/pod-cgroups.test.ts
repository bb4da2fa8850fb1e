import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import test, { type ExecutionContext } from 'ava'
import { Cgroups } from '../../../../agent/workloads/cgroups.ts'
import { placeOfPath } from '../../../../agent/workloads/kubernetes/container.ts'
import { layoutOf, pathsIn, PodCgroups, podPath } from '../../../../agent/workloads/kubernetes/pod-cgroups.ts'
import { putCgroups, temporaryFolder } from '../tree.ts'
import { id } from './objects.ts'

const UID = '0b5f3a4e-7d3c-4a43-9d5e-2f6b7c8d9e0f'
const OTHER = '1b5f3a4e-7d3c-4a43-9d5e-2f6b7c8d9e0f'
const SYSTEMD_UID = UID.replaceAll('-', '_')
const STATIC = '3b8c5f0d9a7e4f21b6c8d0e1f2a3b4c5'

/** Where a pod is, and below it a container. */
const PODS: Record<string, [pod: string, container: string]> = {
  'cgroupfs, guaranteed': [`/kubepods/pod${UID}`, id('a')],
  'cgroupfs, burstable': [`/kubepods/burstable/pod${UID}`, id('a')],
  'cgroupfs, kind': [`/docker/${id('c')}/kubelet/kubepods/besteffort/pod${UID}`, id('a')],
  'cgroupfs, a static pod': [`/kubepods/burstable/pod${STATIC}`, id('a')],
  'systemd, guaranteed': [
    `/kubepods.slice/kubepods-pod${SYSTEMD_UID}.slice`,
    `cri-containerd-${id('a')}.scope`,
  ],
  'systemd, burstable, CRI-O': [
    `/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod${SYSTEMD_UID}.slice`,
    `crio-${id('a')}.scope/container`,
  ],
  'systemd, kind': [
    `/kubelet.slice/kubelet-kubepods.slice/kubelet-kubepods-besteffort.slice/kubelet-kubepods-besteffort-pod${SYSTEMD_UID}.slice`,
    `docker-${id('a')}.scope`,
  ],
}

for (const [sentence, [pod, container]] of Object.entries(PODS)) {
  test(`the cgroup of a pod is known by that of its container: ${sentence}`, (t) => {
    t.is(podPath(`${pod}/${container}`), pod)
    const layout = layoutOf(pod)
    t.truthy(layout)
    const uid = placeOfPath(pod)?.podUid ?? ''
    if (layout) t.true(pathsIn(layout, uid).includes(pod), JSON.stringify(pathsIn(layout, uid)))
  })
}

test('every path that a pod may be at is a pod’s, and tells the layout again', (t) => {
  const layout = fc.constantFrom('/kubepods', '/a/kubepods', '/docker/b/kubelet/kubepods').map((root) => ({
    root,
    slice: undefined as string | undefined,
  }))
  const slices = fc
    .constantFrom('kubepods', 'kubelet-kubepods')
    .map((slice) => ({ root: `/x/${slice}.slice`, slice: slice as string | undefined }))
  fc.assert(
    fc.property(fc.oneof(layout, slices), fc.uuid(), (one, uid) => {
      for (const path of pathsIn(one, uid)) {
        t.is(podPath(`${path}/${id('a')}`), path)
        t.is(placeOfPath(path)?.podUid, uid)
        t.deepEqual(layoutOf(path), one)
      }
    }),
  )
})

test('outside pods, and where a container has no folder above, no cgroup is a pod’s', (t) => {
  for (const path of [
    '/',
    '/system.slice/ssh.service',
    '/kubepods',
    '/kubepods/podinfo',
    `/docker/${id('a')}`,
  ])
    t.is(podPath(path), undefined, path)
  t.is(
    podPath(`/system.slice/kubepods-burstable-pod${SYSTEMD_UID}.slice:cri-containerd:${id('a')}`),
    undefined,
  )
})

function tree(t: ExecutionContext) {
  const root = temporaryFolder(t)
  putCgroups(root, '/')
  const cgroups = new Cgroups({ root, now: () => 0 })
  return { root, cgroups, podCgroups: new PodCgroups(cgroups) }
}

for (const path of [`/kubepods/besteffort/pod${UID}`, PODS['systemd, burstable, CRI-O']?.[0] ?? ''])
  test(`a pod is found as soon as the kubelet has made ${path}`, (t) => {
    const { root, podCgroups } = tree(t)
    t.false(podCgroups.find(UID))
    const made = putCgroups(root, path)
    t.true(podCgroups.find(UID))
    t.is(podCgroups.idOf(UID), made)
    podCgroups.keep(new Set([OTHER]))
    t.is(podCgroups.idOf(UID), undefined)
  })

test('another layout is learnt from the first process of a pod', (t) => {
  const { root, cgroups, podCgroups } = tree(t)
  const kubelet = `/docker/${id('c')}/kubelet/kubepods`
  const container = putCgroups(root, `${kubelet}/pod${UID}/${id('a')}`)
  const other = putCgroups(root, `${kubelet}/burstable/pod${OTHER}`)
  t.false(podCgroups.find(OTHER))
  cgroups.learn(`${kubelet}/pod${UID}/${id('a')}`)
  podCgroups.see(UID, container)
  t.is(podCgroups.idOf(UID), putCgroups(root, `${kubelet}/pod${UID}`))
  t.true(podCgroups.find(OTHER))
  t.is(podCgroups.idOf(OTHER), other)
})

test('a cgroup that was made anew has another id', (t) => {
  const { root, cgroups, podCgroups } = tree(t)
  const pod = `/kubepods/pod${UID}`
  putCgroups(root, pod)
  podCgroups.find(UID)
  rmSync(join(root, pod), { recursive: true })
  mkdirSync(join(root, 'in-between'))
  const container = putCgroups(root, `${pod}/${id('b')}`)
  cgroups.learn(`${pod}/${id('b')}`)
  podCgroups.see(UID, container)
  t.is(podCgroups.idOf(UID), putCgroups(root, pod))
})

test('without version 2 no cgroup has an id', (t) => {
  const podCgroups = new PodCgroups(new Cgroups({ root: temporaryFolder(t), now: () => 0 }))
  t.false(podCgroups.find(UID))
})
