import test from 'ava'
import { parseCgroups } from '../../../../agent/workloads/cgroup.ts'
import { placeOf, placeOfPath } from '../../../../agent/workloads/kubernetes/container.ts'

const ID = 'b5ef9a5cc1ae4cd58d4cd92dcd2ffd3c5e0d1c6b1f9d2bb16bd1b2c3d4e5f607'
const OTHER = 'a'.repeat(64)
const UID = '0b5f3a4e-7d3c-4a43-9d5e-2f6b7c8d9e0f'
const SYSTEMD_UID = UID.replaceAll('-', '_')
const STATIC = '3b8c5f0d9a7e4f21b6c8d0e1f2a3b4c5'

const PODS: Record<string, string> = {
  'cgroupfs, guaranteed': `/kubepods/pod${UID}/${ID}`,
  'cgroupfs, burstable': `/kubepods/burstable/pod${UID}/${ID}`,
  'cgroupfs, best effort': `/kubepods/besteffort/pod${UID}/${ID}`,
  'cgroupfs below a cgroup of the kubelet’s own': `/nodes/one/kubepods/burstable/pod${UID}/${ID}`,
  'systemd, containerd, guaranteed': `/kubepods.slice/kubepods-pod${SYSTEMD_UID}.slice/cri-containerd-${ID}.scope`,
  'systemd, containerd, burstable': `/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod${SYSTEMD_UID}.slice/cri-containerd-${ID}.scope`,
  'systemd, CRI-O': `/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-pod${SYSTEMD_UID}.slice/crio-${ID}.scope`,
  'systemd, CRI-O, which moves processes into a child': `/kubepods.slice/kubepods-pod${SYSTEMD_UID}.slice/crio-${ID}.scope/container`,
  'systemd, docker': `/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod${SYSTEMD_UID}.slice/docker-${ID}.scope`,
  'a slice of systemd as the name of a cgroup': `/system.slice/containerd.service/kubepods-burstable-pod${SYSTEMD_UID}.slice:cri-containerd:${ID}`,
  'kind: a kubelet in a container, systemd': `/docker/${OTHER}/kubelet.slice/kubelet-kubepods.slice/kubelet-kubepods-burstable.slice/kubelet-kubepods-burstable-pod${SYSTEMD_UID}.slice/cri-containerd-${ID}.scope`,
  'kind: a kubelet in a container, cgroupfs': `/docker/${OTHER}/kubelet/kubepods/burstable/pod${UID}/${ID}`,
  'an init system in the container': `/kubepods/burstable/pod${UID}/${ID}/system.slice/nginx.service`,
  'docker in the container': `/kubepods/burstable/pod${UID}/${ID}/docker/${OTHER}`,
  'seen from the cgroup of another pod, cgroupfs': `/../../pod${UID}/${ID}`,
  'seen from the cgroup of another pod, systemd': `/../../../kubepods-besteffort.slice/kubepods-besteffort-pod${SYSTEMD_UID}.slice/cri-containerd-${ID}.scope`,
}

for (const [name, path] of Object.entries(PODS)) {
  test(`a container: ${name}`, (t) => t.deepEqual(placeOfPath(path), { podUid: UID, containerId: ID }))
}

test('a static pod has the hash of its manifest for a uid', (t) => {
  t.deepEqual(placeOfPath(`/kubepods/burstable/pod${STATIC}/${ID}`), { podUid: STATIC, containerId: ID })
  const slice = `/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod${STATIC}.slice`
  t.deepEqual(placeOfPath(`${slice}/crio-${ID}.scope`), { podUid: STATIC, containerId: ID })
})

test('beside the agent’s own container only the id is seen', (t) => {
  t.deepEqual(placeOfPath(`/../${ID}`), { podUid: undefined, containerId: ID })
  t.deepEqual(placeOfPath(`/../cri-containerd-${ID}.scope`), { podUid: undefined, containerId: ID })
})

test('a process in the pod’s cgroup is in no container', (t) => {
  t.deepEqual(placeOfPath(`/kubepods/burstable/pod${UID}`), { podUid: UID, containerId: undefined })
})

test('the monitor of CRI-O is the runtime’s, not the container’s', (t) => {
  const path = `/kubepods.slice/kubepods-pod${SYSTEMD_UID}.slice/crio-conmon-${ID}.scope`
  t.deepEqual(placeOfPath(path), { podUid: UID, containerId: undefined })
})

const OUTSIDE: Record<string, string> = {
  'the root': '/',
  'a service': '/system.slice/nginx.service',
  'a session': '/user.slice/user-0.slice/session-1.scope',
  'a container of docker that is no pod’s': `/docker/${ID}`,
  'another tree seen from a cgroup namespace': `/../../../system.slice/docker-${ID}.scope`,
  'the kubelet': '/kubelet.slice',
  'all pods together': '/kubepods/burstable',
  'a name that only looks like a pod’s': '/podinfo/data',
}

for (const [name, path] of Object.entries(OUTSIDE)) {
  test(`no pod: ${name}`, (t) => t.is(placeOfPath(path), undefined))
}

test('of several hierarchies the first that tells the container counts', (t) => {
  const place = { podUid: UID, containerId: ID }
  const v1 = `12:cpuset:/\n11:memory:/kubepods/burstable/pod${UID}/${ID}\n1:name=systemd:/user.slice\n`
  t.deepEqual(placeOf(parseCgroups(v1)), place)
  t.deepEqual(placeOf(parseCgroups(`4:memory:/kubepods/pod${UID}\n0::/kubepods/pod${UID}/${ID}\n`)), place)
  t.deepEqual(placeOf(parseCgroups(`0::/kubepods/pod${UID}\n`)), { podUid: UID, containerId: undefined })
  t.is(placeOf(parseCgroups('3:cpu:/\n0::/init.scope\n')), undefined)
})
