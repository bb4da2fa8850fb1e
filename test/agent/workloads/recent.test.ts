import test from 'ava'
import { RecentMap } from '../../../agent/workloads/recent.ts'

test('the entry not touched for longest goes first', (t) => {
  const map = new RecentMap<string, number>(2)
  map.set('a', 1)
  map.set('b', 2)
  map.get('a')
  map.set('c', 3)
  t.deepEqual([map.get('a'), map.get('b'), map.get('c')], [1, undefined, 3])
  t.is(map.size, 2)
  t.is(map.evicted, 1)
})

test('setting an entry anew evicts nothing', (t) => {
  const map = new RecentMap<string, number>(1)
  map.set('a', 1)
  map.set('a', 2)
  t.is(map.get('a'), 2)
  t.is(map.evicted, 0)
})

test('a deleted entry makes room', (t) => {
  const map = new RecentMap<string, number>(1)
  map.set('a', 1)
  t.true(map.delete('a'))
  map.set('b', 2)
  t.false(map.has('a'))
  t.is(map.evicted, 0)
})
