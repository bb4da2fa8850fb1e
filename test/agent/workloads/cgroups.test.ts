import { rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import test from 'ava'
import { Cgroups } from '../../../agent/workloads/cgroups.ts'
import { putCgroups, temporaryFolder } from './tree.ts'

for (const [sentence, mount] of [
  ['v2 is mounted at the root', ''],
  ['v2 is mounted below unified', 'unified'],
] as const) {
  test(`an id is named when ${sentence}`, (t) => {
    const root = temporaryFolder(t)
    const id = putCgroups(join(root, mount), '/system.slice/cron.service', '/system.slice/nginx.service')
    t.is(new Cgroups({ root, now: () => 0 }).pathOf(id), '/system.slice/nginx.service')
  })
}

test('without v2 no id is known', (t) => {
  const cgroups = new Cgroups({ root: temporaryFolder(t), now: () => 0 })
  t.is(cgroups.pathOf(1), undefined)
  t.is(cgroups.learn('/system.slice/nginx.service'), 0)
  t.is(cgroups.walks, 0)
})

test('a path stays known when its folder is gone', (t) => {
  const root = temporaryFolder(t)
  const id = putCgroups(root, '/system.slice/job.service')
  const cgroups = new Cgroups({ root, now: () => 0 })
  t.is(cgroups.learn('/system.slice/job.service'), id)
  rmSync(join(root, 'system.slice'), { recursive: true })
  t.is(cgroups.pathOf(id), '/system.slice/job.service')
  t.is(cgroups.walks, 0)
})

test('unknown ids do not make it walk more often than allowed, and the same one only once', (t) => {
  const root = temporaryFolder(t)
  putCgroups(root, '/a')
  let nowMs = 0
  const cgroups = new Cgroups({ root, now: () => nowMs, walkIntervalMs: 1_000 })
  t.is(cgroups.pathOf(2 ** 40), undefined)
  t.is(cgroups.pathOf(2 ** 41), undefined)
  t.is(cgroups.walks, 1)
  nowMs = 1_000
  t.is(cgroups.pathOf(2 ** 40), undefined)
  t.is(cgroups.walks, 1)
  t.is(cgroups.pathOf(2 ** 41), undefined)
  t.is(cgroups.walks, 2)
})

test('a cgroup made after a walk is found by the next', (t) => {
  const root = temporaryFolder(t)
  putCgroups(root, '/a')
  let nowMs = 0
  const cgroups = new Cgroups({ root, now: () => nowMs })
  cgroups.pathOf(2 ** 40)
  const id = putCgroups(root, '/b/c')
  t.is(cgroups.pathOf(id), undefined)
  nowMs = 2_000
  t.is(cgroups.pathOf(id), '/b/c')
})

test('a tree beyond the capacity is walked from the top only', (t) => {
  const root = temporaryFolder(t)
  const leaf = putCgroups(root, '/a/b/c/d/e/f')
  const top = statSync(join(root, 'a')).ino
  t.is(new Cgroups({ root, now: () => 0, capacity: 3 }).pathOf(top), '/a')
  t.is(new Cgroups({ root, now: () => 0, capacity: 3 }).pathOf(leaf), undefined)
})
