/** Real processes in real cgroups of version 2, named as container runtimes name them under either driver. */
import { existsSync, readdirSync, readFileSync, rmdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { randomUUID } from 'node:crypto'
import anyTest, { type ExecutionContext } from 'ava'
import { Cgroups } from '../../../../agent/workloads/cgroups.ts'
import { cgroupRoot } from '../../../../agent/workloads/kubernetes/host.ts'
import { PodCgroups } from '../../../../agent/workloads/kubernetes/pod-cgroups.ts'
import { PlacedProcesses } from '../../../../agent/workloads/kubernetes/processes.ts'
import { ProcessReader } from '../../../../agent/workloads/processes.ts'
import { putCgroup, runIn, UNIFIED } from '../../../e2e/kubernetes/containers.ts'
import { until } from '../../../e2e/harness/until.ts'
import { containerId } from '../../../e2e/kubernetes/objects.ts'

const isRoot = process.getuid?.() === 0
const test = isRoot && existsSync(UNIFIED) ? anyTest : anyTest.skip

/** Where a kubelet's pods are, apart from those of a real one. */
const ROOT = 'accesslog-runtimes-test'
const systemd = (uid: string, klass?: string) => {
  const slice = klass === undefined ? 'kubepods' : `kubepods-${klass}`
  const parent = klass === undefined ? '/kubepods.slice' : `/kubepods.slice/${slice}.slice`
  return `/${ROOT}${parent}/${slice}-pod${uid.replaceAll('-', '_')}.slice`
}
const cgroupfs = (uid: string, klass?: string) =>
  `/${ROOT}/kubepods${klass === undefined ? '' : `/${klass}`}/pod${uid}`

/** Tests that run side by side leave folders that they share. */
anyTest.after.always(() => {
  const root = join(UNIFIED, ROOT)
  if (!existsSync(root)) return
  const folders = readdirSync(root, { recursive: true, withFileTypes: true }).filter((one) =>
    one.isDirectory(),
  )
  const paths = folders.map(({ parentPath, name }) => join(parentPath, name))
  for (const path of [...paths.toSorted((one, other) => other.length - one.length), root]) rmdirSync(path)
})

type Names = [pod: (uid: string) => string, container: (id: string) => string]
const RUNTIMES: Record<string, Names> = {
  'containerd, systemd driver': [(uid) => systemd(uid, 'burstable'), (id) => `cri-containerd-${id}.scope`],
  'containerd, cgroupfs driver': [(uid) => cgroupfs(uid, 'besteffort'), (id) => id],
  'CRI-O, systemd driver': [(uid) => systemd(uid, 'besteffort'), (id) => `crio-${id}.scope`],
  'CRI-O, a child cgroup of its own': [(uid) => systemd(uid), (id) => `crio-${id}.scope/container`],
  'CRI-O, cgroupfs driver': [(uid) => cgroupfs(uid), (id) => `crio-${id}`],
  'docker, systemd driver': [(uid) => systemd(uid, 'burstable'), (id) => `docker-${id}.scope`],
  'docker, cgroupfs driver': [(uid) => cgroupfs(uid, 'burstable'), (id) => id],
  'an init system in the container': [(uid) => cgroupfs(uid), (id) => `${id}/init.scope`],
}

function node(walkIntervalMs = 0) {
  const cgroups = new Cgroups({ root: cgroupRoot('/proc'), now: () => performance.now(), walkIntervalMs })
  const processes = new PlacedProcesses({ reader: new ProcessReader('/proc'), cgroups })
  return { cgroups, processes, podCgroups: new PodCgroups(cgroups) }
}

/** A process that is in the cgroup. */
async function sleeper(t: ExecutionContext, path: string) {
  const owned = runIn(t, path, 'sleep', ['600'])
  const { pid } = owned
  const isThere = () => readFileSync(`/proc/${pid}/cgroup`, 'utf8').includes(`0::${path}\n`)
  await until(
    'it is in its cgroup',
    () => isThere() && readFileSync(`/proc/${pid}/comm`, 'utf8') === 'sleep\n',
  )
  return { owned, pid, cgroupId: statSync(join(UNIFIED, path)).ino }
}

for (const [sentence, [podOf, containerOf]] of Object.entries(RUNTIMES)) {
  test(`${sentence}: a process is placed by /proc, and by its cgroup when it is gone`, async (t) => {
    const [uid, id] = [randomUUID(), containerId()]
    const place = { podUid: uid, containerId: id }
    const { owned, pid, cgroupId } = await sleeper(t, `${podOf(uid)}/${containerOf(id)}`)
    const scanned = node()
    scanned.processes.scan()
    t.like(new Map(scanned.processes.living()).get(pid), { place, cgroupId, comm: 'sleep' })
    const told = node().processes
    t.like(told.locate(pid, { comm: 'sleep', cgroupId }), { place, gone: false })
    t.is(told.counters.live, 1)

    await owned.stop('SIGKILL')
    const late = node().processes
    t.like(late.locate(pid, { comm: 'sleep', cgroupId }), { place })
    t.is(late.counters.byCgroup, 1)
  })

  test(`${sentence}: the pod’s cgroup is found by its process, and another’s where that must be`, async (t) => {
    const [uid, other] = [randomUUID(), randomUUID()]
    const { pid, cgroupId } = await sleeper(t, `${podOf(uid)}/${containerOf(containerId())}`)
    const { processes, podCgroups } = node()
    processes.locate(pid, { comm: '', cgroupId })
    podCgroups.see(uid, cgroupId)
    t.is(podCgroups.idOf(uid), statSync(join(UNIFIED, podOf(uid))).ino)
    t.false(podCgroups.find(other))
    const folder = putCgroup(t, podOf(other))
    t.true(podCgroups.find(other))
    t.is(podCgroups.idOf(other), statSync(folder).ino)
  })
}

test('the monitor of CRI-O is in the pod, in no container', async (t) => {
  const uid = randomUUID()
  const { pid, cgroupId } = await sleeper(t, `${systemd(uid)}/crio-conmon-${containerId()}.scope`)
  t.like(node().processes.locate(pid, { comm: '', cgroupId }), {
    place: { podUid: uid, containerId: undefined },
  })
})
