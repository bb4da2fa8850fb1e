import test, { type ExecutionContext } from 'ava'
import { Cgroups } from '../../../../agent/workloads/cgroups.ts'
import { PodCgroups } from '../../../../agent/workloads/kubernetes/pod-cgroups.ts'
import { Pods } from '../../../../agent/workloads/kubernetes/pods.ts'
import { PlacedProcesses } from '../../../../agent/workloads/kubernetes/processes.ts'
import { type ExcludeRules, PodWatch } from '../../../../agent/workloads/kubernetes/watch.ts'
import { ProcessReader } from '../../../../agent/workloads/processes.ts'
import type { ProcessEvent } from '../../../../agent/workloads/workload.ts'
import { endProcess, putCgroups, putProcess, temporaryFolder } from '../tree.ts'
import { aPod, id } from './objects.ts'

const UID = (digit: string) => `${digit.repeat(8)}-0000-0000-0000-000000000000`
const SHOP = `/kubepods/pod${UID('1')}/${id('a')}`
const BANK = `/kubepods/pod${UID('2')}/${id('b')}`
const UNKNOWN = `/kubepods/pod${UID('3')}/${id('c')}`
const HOST = '/system.slice/sshd.service'
const cgroups = (path: string) => ({ cgroups: `0::${path}\n` })

function nodeOf(t: ExecutionContext, exclude: Partial<Record<keyof ExcludeRules, string[]>> = {}) {
  const [proc, root] = [temporaryFolder(t), temporaryFolder(t)]
  const ids = Object.fromEntries([SHOP, BANK, UNKNOWN, HOST].map((path) => [path, putCgroups(root, path)]))
  const pods = new Pods('prod')
  pods.put(aPod({ metadata: { uid: UID('1'), name: 'web-1' } }))
  pods.put(aPod({ metadata: { uid: UID('2'), namespace: 'bank', name: 'till-1' } }))
  const reader = new ProcessReader(proc)
  const cgroups = new Cgroups({ root, now: () => 0 })
  const processes = new PlacedProcesses({ reader, cgroups })
  const podCgroups = new PodCgroups(cgroups)
  const rules = { namespaces: new Set(exclude.namespaces), clusters: new Set(exclude.clusters) }
  const watch = new PodWatch({ processes, pods, podCgroups, exclude: rules, ownPids: [1] })
  const event = (kind: ProcessEvent['kind'], pid: number, path: string, comm = 'sh'): ProcessEvent => ({
    kind,
    pid,
    parent: 0,
    comm,
    cgroupId: ids[path] ?? 0,
  })
  const hint = (path: string, comm = '') => ({ comm, cgroupId: ids[path] ?? 0 })
  return { proc, root, pods, watch, event, hint }
}

test('at first everything is told to be ignored that is no pod’s, unknown or excluded', (t) => {
  const { proc, watch } = nodeOf(t, { namespaces: ['bank'] })
  putProcess(proc, 10, cgroups(SHOP))
  putProcess(proc, 11, cgroups(BANK))
  putProcess(proc, 12, cgroups(UNKNOWN))
  putProcess(proc, 13, cgroups(HOST))
  putProcess(proc, 14, cgroups(SHOP))
  const { cgroups: _, ...pids } = watch.begin(14)
  t.deepEqual(pids, { watch: [], ignore: [11, 12, 13, 14], forget: [] })
  t.true(watch.watchUnlisted)
  t.deepEqual(watch.counts(), {
    processes: 1,
    containers: 1,
    pods: 1,
    excluded: { exclude_namespace: 1, unknown_pod: 1, not_in_pod: 1, own_process: 1 },
  })
})

test('a cluster is excluded by what is before :: of the service', (t) => {
  const { watch, hint } = nodeOf(t, { clusters: ['prod'] })
  t.is(watch.filterOf(10, hint(SHOP)), 'exclude_cluster')
})

test('namespaces are compared exactly', (t) => {
  const { watch, hint } = nodeOf(t, { namespaces: ['Shop', 'sho', 'shop2'] })
  t.is(watch.filterOf(10, hint(SHOP)), undefined)
})

test('a process is decided on at exec, by the cgroup it is in by then', (t) => {
  const { watch, event } = nodeOf(t, { namespaces: ['bank'] })
  t.deepEqual(watch.observe([event('exec', 20, HOST, 'runc')]).ignore, [20])
  t.deepEqual(watch.observe([event('exec', 20, SHOP, 'nginx')]), { watch: [], ignore: [], forget: [20] })
  t.deepEqual(watch.observe([event('exec', 21, BANK, 'till')]).ignore, [21])
  t.deepEqual(watch.observe([event('exec', 21, BANK, 'till')]).ignore, [21], 'exec makes the kernel forget')
})

test('a process that is gone is known by its cgroup', (t) => {
  const { watch, hint } = nodeOf(t, { namespaces: ['bank'] })
  t.is(watch.filterOf(30, hint(BANK, 'curl')), 'exclude_namespace')
  t.is(watch.filterOf(31, hint(SHOP, 'curl')), undefined)
  t.deepEqual(watch.identify(31, hint(SHOP, 'curl')), {
    service: 'prod::web-1.shop',
    pod: 'web-1',
    container: 'app',
    process: 'curl',
    pid: 31,
  })
})

test('of a process whose cgroup is gone as well nothing goes out, and its number is not ignored', (t) => {
  const { watch } = nodeOf(t)
  const hint = { comm: 'curl', cgroupId: 999_999 }
  t.is(watch.filterOf(30, hint), 'unidentified')
  t.is(watch.identify(30, hint), undefined)
  t.deepEqual(watch.takeDifference().ignore, [])
})

test('a pod that becomes known is watched, and what was answered before is taken back', (t) => {
  const { proc, pods, watch, hint } = nodeOf(t)
  putProcess(proc, 12, cgroups(UNKNOWN))
  watch.begin()
  t.is(watch.filterOf(12, hint(UNKNOWN)), 'unknown_pod')
  pods.put(aPod({ metadata: { uid: UID('3'), name: 'late' } }))
  t.deepEqual(watch.refresh(false), [12])
  t.deepEqual(watch.takeDifference(), { watch: [], ignore: [], forget: [12] })
  t.is(watch.filterOf(12, hint(UNKNOWN)), undefined)
})

test('other rules find processes that no event told of', (t) => {
  const { proc, watch, hint } = nodeOf(t)
  putProcess(proc, 11, cgroups(BANK))
  watch.begin()
  t.is(watch.filterOf(11, hint(BANK)), undefined)
  putProcess(proc, 15, { ...cgroups(BANK), parent: 11 })
  watch.setExclude({ namespaces: new Set(['bank']), clusters: new Set() })
  t.deepEqual(watch.refresh(true), [11])
  t.deepEqual(watch.takeDifference().ignore, [11, 15])
})

test('another Service name takes back the answers of its pod only', (t) => {
  const { proc, pods, watch, hint } = nodeOf(t)
  putProcess(proc, 10, cgroups(SHOP))
  putProcess(proc, 11, cgroups(BANK))
  watch.begin()
  watch.filterOf(10, hint(SHOP))
  watch.filterOf(11, hint(BANK))
  pods.put(aPod({ metadata: { uid: UID('1'), name: 'web-1', labels: { app: 'web' } } }))
  t.deepEqual(watch.refresh(false), [])
  pods.putService({ namespace: 'shop', name: 'front', selector: { app: 'web' } })
  t.deepEqual(watch.refresh(false), [10])
})

test('what the kernel may have forgotten is told again', (t) => {
  const { proc, watch } = nodeOf(t)
  putProcess(proc, 13, cgroups(HOST))
  watch.begin()
  t.deepEqual(watch.reconcile(), { watch: [], ignore: [13], forget: [] })
  endProcess(proc, 13)
  t.deepEqual(watch.reconcile(), { watch: [], ignore: [], forget: [] })
})

test('a number that is used again is looked at anew', (t) => {
  const { proc, watch, event, hint } = nodeOf(t, { namespaces: ['bank'] })
  watch.observe([event('exec', 40, SHOP), event('exit', 40, SHOP)])
  putProcess(proc, 40, cgroups(BANK))
  t.is(watch.filterOf(40, hint(BANK)), 'exclude_namespace')
})

const podOf = (path: string) => path.split('/').slice(0, -1).join('/')

test('the kernel is told the cgroups of excluded pods, and when the rules change that they are none', (t) => {
  const { root, watch } = nodeOf(t, { namespaces: ['bank'] })
  const bank = putCgroups(root, podOf(BANK))
  t.deepEqual(watch.begin().cgroups, { ignore: [bank], forget: [] })
  t.is(watch.look().cgroups, undefined, 'once')
  watch.setExclude({ namespaces: new Set(['shop']), clusters: new Set() })
  watch.refresh(true)
  const shop = putCgroups(root, podOf(SHOP))
  t.deepEqual(watch.takeDifference().cgroups, { ignore: [shop], forget: [bank] })
  t.deepEqual(watch.begin().cgroups, { ignore: [shop], forget: [] }, 'a new helper knows nothing')
})

test('the cgroup of an excluded pod is told as soon as the kubelet has made it', (t) => {
  const { root, pods, watch } = nodeOf(t, { clusters: ['prod'] })
  watch.begin()
  pods.put(aPod({ metadata: { uid: UID('4'), name: 'soon' } }))
  watch.refresh(false)
  t.deepEqual(watch.takeDifference().cgroups, undefined)
  t.is(watch.look().cgroups, undefined)
  const made = putCgroups(root, `/kubepods/besteffort/pod${UID('4')}`)
  t.deepEqual(watch.look(), { watch: [], ignore: [], forget: [], cgroups: { ignore: [made], forget: [] } })
  pods.remove(UID('4'))
  watch.refresh(false)
  t.deepEqual(watch.takeDifference().cgroups, { ignore: [], forget: [made] })
})

test('a program that the kernel ignores by its cgroup is not told again', (t) => {
  const { watch, event } = nodeOf(t, { namespaces: ['bank'] })
  watch.begin()
  t.deepEqual(watch.observe([{ ...event('exec', 40, BANK), ignored: true }]).ignore, [])
  watch.setExclude({ namespaces: new Set(), clusters: new Set() })
  watch.refresh(false)
  t.deepEqual(watch.takeDifference().forget, [40], 'but it is when it is wanted')
})

test('a program that the kernel ignored by a rule of before is watched', (t) => {
  const { watch, event } = nodeOf(t)
  watch.begin()
  t.deepEqual(watch.observe([{ ...event('exec', 41, BANK), ignored: true }]).forget, [41])
})

test('children that an ignored process has forked are watched when it is', (t) => {
  const { proc, pods, watch } = nodeOf(t, { namespaces: ['bank'] })
  putProcess(proc, 11, cgroups(BANK))
  putProcess(proc, 12, cgroups(UNKNOWN))
  watch.begin()
  putProcess(proc, 21, { ...cgroups(BANK), parent: 11 })
  putProcess(proc, 22, { ...cgroups(UNKNOWN), parent: 12 })
  pods.put(aPod({ metadata: { uid: UID('3'), name: 'late' } }))
  watch.refresh(false)
  t.deepEqual(watch.takeDifference().forget, [12, 22], 'the pod became known')
  watch.setExclude({ namespaces: new Set(), clusters: new Set() })
  watch.refresh(true)
  t.deepEqual(watch.takeDifference().forget, [11, 21], 'the rule went')
  putProcess(proc, 23, { ...cgroups(UNKNOWN), parent: 22 })
  t.deepEqual(watch.reconcile().forget, [23], 'it was forked meanwhile')
})
