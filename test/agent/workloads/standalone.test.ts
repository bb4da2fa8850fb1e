import { rmSync } from 'node:fs'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { Cgroups } from '../../../agent/workloads/cgroups.ts'
import { ProcessReader } from '../../../agent/workloads/processes.ts'
import { StandaloneDirectory } from '../../../agent/workloads/standalone.ts'
import { clusterOf, exclusionOf, withCluster } from '../../../agent/workloads/workload.ts'
import { endProcess, putCgroups, putProcess, temporaryFolder } from './tree.ts'

function directoryOf(t: ExecutionContext, clusterName = '') {
  const proc = temporaryFolder(t)
  const root = temporaryFolder(t)
  const reader = new ProcessReader(proc)
  const cgroups = new Cgroups({ root, now: () => 0 })
  return {
    proc,
    root,
    reader,
    directory: new StandaloneDirectory({ hostName: 'web-1', clusterName, reader, cgroups }),
  }
}

/** A directory on a machine where systemd keeps its tree in v2, with these cgroups. */
function directoryWith(t: ExecutionContext, ...paths: string[]) {
  const proc = temporaryFolder(t)
  const root = temporaryFolder(t)
  const cgroupId = putCgroups(root, ...paths)
  const reader = new ProcessReader(proc)
  const cgroups = new Cgroups({ root, now: () => 0 })
  const directory = new StandaloneDirectory({ hostName: 'web-1', clusterName: '', reader, cgroups })
  return { proc, root, cgroupId, reader, directory }
}

const NGINX = '/system.slice/nginx.service'
const nginx = (pid: number) => ({ service: 'nginx', pod: 'web-1', container: '', process: 'nginx', pid })

test('a process of a unit is named after the unit', (t) => {
  const { proc, directory } = directoryOf(t)
  putProcess(proc, 42, { comm: 'python3', cgroups: '1:name=systemd:/system.slice/shop@blue.service\n0::/\n' })
  t.deepEqual(directory.identify(42, { comm: 'worker-thread', cgroupId: 0 }), {
    service: 'shop@blue',
    pod: 'web-1',
    container: '',
    process: 'python3',
    pid: 42,
  })
})

test('a process of no unit is named after itself', (t) => {
  const { proc, directory } = directoryOf(t)
  putProcess(proc, 42, { comm: 'haproxy', cgroups: '0::/user.slice/user-0.slice/session-1.scope\n' })
  t.is(directory.identify(42, { comm: '', cgroupId: 0 })?.service, 'haproxy')
})

test('the cluster is put in front of the service', (t) => {
  const { proc, directory } = directoryOf(t, 'prod')
  putProcess(proc, 42, { comm: 'haproxy' })
  t.is(directory.identify(42, { comm: '', cgroupId: 0 })?.service, 'prod::haproxy')
})

test('a process that is gone before anyone looked has the name in the record', (t) => {
  const { directory } = directoryOf(t)
  t.is(directory.identify(42, { comm: 'curl', cgroupId: 0 })?.service, 'curl')
  t.is(directory.counters.byName, 1)
})

test('a process that is gone before anyone looked still belongs to the unit of its cgroup', (t) => {
  const { cgroupId, directory } = directoryWith(t, NGINX)
  t.deepEqual(directory.identify(42, { comm: 'nginx', cgroupId }), nginx(42))
  t.is(directory.counters.byCgroup, 1)
})

test('nothing at all is known of a process that is gone and had no name', (t) => {
  const { directory } = directoryOf(t)
  t.is(directory.identify(42, { comm: '', cgroupId: 0 }), undefined)
  t.is(directory.counters.unidentified, 1)
})

test('what exec taught outlives process and cgroup', (t) => {
  const { proc, root, cgroupId, directory } = directoryWith(t, NGINX)
  putProcess(proc, 42, { cgroups: `0::${NGINX}\n` })
  directory.learn({ kind: 'exec', pid: 42, parent: 0, comm: 'nginx', cgroupId })
  endProcess(proc, 42)
  rmSync(join(root, 'system.slice'), { recursive: true })
  directory.learn({ kind: 'exit', pid: 42, parent: 0, comm: 'nginx', cgroupId })
  t.deepEqual(directory.identify(42, { comm: 'nginx', cgroupId }), nginx(42))
})

test('a child is who its parent is, until it executes a program of its own', (t) => {
  const { cgroupId, directory } = directoryWith(t, NGINX)
  directory.learn({ kind: 'exec', pid: 42, parent: 0, comm: 'nginx', cgroupId })
  directory.learn({ kind: 'fork', pid: 43, parent: 42, comm: 'nginx', cgroupId })
  t.deepEqual(directory.identify(43, { comm: 'nginx', cgroupId }), nginx(43))
  directory.learn({ kind: 'exec', pid: 43, parent: 0, comm: 'logger', cgroupId })
  t.deepEqual(directory.identify(43, { comm: 'logger', cgroupId }), { ...nginx(43), process: 'logger' })
  t.deepEqual(directory.identify(42, { comm: 'nginx', cgroupId }), nginx(42))
})

test('a number that was given to another process names the new one', (t) => {
  const { proc, directory } = directoryOf(t)
  putProcess(proc, 42, { comm: 'curl' })
  directory.learn({ kind: 'exec', pid: 42, parent: 0, comm: 'curl', cgroupId: 0 })
  directory.learn({ kind: 'exit', pid: 42, parent: 0, comm: 'curl', cgroupId: 0 })
  t.is(directory.identify(42, { comm: 'wget', cgroupId: 0 })?.service, 'curl')
  endProcess(proc, 42)
  t.is(directory.identify(42, { comm: 'curl', cgroupId: 0 })?.service, 'curl')
  putProcess(proc, 42, { comm: 'wget' })
  t.is(directory.identify(42, { comm: 'wget', cgroupId: 0 })?.service, 'wget')
})

test('a living process in another cgroup than the record does not lend its unit', (t) => {
  const { proc, cgroupId, directory } = directoryWith(t, '/system.slice/cron.service', NGINX)
  putProcess(proc, 42, { comm: 'cron', cgroups: '0::/system.slice/cron.service\n' })
  t.is(directory.identify(42, { comm: 'nginx', cgroupId })?.service, 'nginx')
})

test('a scan names processes without reading them again', (t) => {
  const { proc, cgroupId, reader, directory } = directoryWith(t, NGINX)
  putProcess(proc, 42, { cgroups: `0::${NGINX}\n` })
  for (const facts of reader.scan()) directory.adopt(facts)
  endProcess(proc, 42)
  t.deepEqual(directory.identify(42, { comm: 'nginx', cgroupId }), nginx(42))
})

test('logs of one process share one workload', (t) => {
  const { cgroupId, directory } = directoryWith(t, NGINX)
  t.is(
    directory.identify(42, { comm: 'nginx', cgroupId }),
    directory.identify(42, { comm: 'nginx', cgroupId }),
  )
})

test('memory is bounded, and what was forgotten is counted', (t) => {
  const reader = new ProcessReader(temporaryFolder(t))
  const cgroups = new Cgroups({ root: temporaryFolder(t), now: () => 0 })
  const directory = new StandaloneDirectory({ hostName: 'h', clusterName: '', reader, cgroups, capacity: 10 })
  for (let pid = 1; pid <= 25; pid += 1) directory.identify(pid, { comm: 'x', cgroupId: 0 })
  t.is(directory.counters.evicted, 15)
})

test('a service that has a cluster keeps it', (t) => {
  t.is(withCluster('a::b', 'c'), 'a::b')
  t.is(clusterOf('a::b'), 'a')
  t.is(clusterOf('b'), '')
})

test('an excluded cluster excludes its workloads, and an empty entry nobody', (t) => {
  const workload = { service: 'prod::shop', pod: 'web-1', container: '', process: 'shop', pid: 1 }
  t.is(exclusionOf(workload, new Set(['prod'])), 'exclude_cluster')
  t.is(exclusionOf(workload, new Set(['pro'])), undefined)
  t.is(exclusionOf({ ...workload, service: 'shop' }, new Set([''])), undefined)
})
