import test from 'ava'
import type { ApiObject } from '../../../operator/gather/reflector.ts'
import { Store } from '../../../operator/gather/store.ts'

function object(name: string, version: number, pool = 'a'): ApiObject {
  return { metadata: { name, uid: name, resourceVersion: String(version), labels: { pool } } }
}

function makeStore() {
  const changes: string[] = []
  const store = new Store(
    ({ metadata }) => metadata.labels?.['pool'] ?? '',
    (name, before, after) => changes.push(`${name}: ${before ?? '-'} → ${after ?? '-'}`),
  )
  return { store, changes }
}

test('a change that the projection does not show is no change', (t) => {
  const { store, changes } = makeStore()
  store.upsert(object('x', 1))
  store.upsert(object('x', 2))
  store.upsert(object('x', 3, 'b'))
  t.deepEqual(changes, ['x: - → a', 'x: a → b'])
})

test('what a new list does not mention is gone', (t) => {
  const { store, changes } = makeStore()
  store.listing()
  for (const name of ['x', 'y']) store.upsert(object(name, 1))
  store.listed()
  store.listing()
  store.upsert(object('y', 1))
  store.listed()
  t.deepEqual(changes, ['x: - → a', 'y: - → a', 'x: a → -'])
  t.deepEqual([...store], [['y', 'a']])
})

test('a list that breaks off and begins anew loses nothing', (t) => {
  const { store, changes } = makeStore()
  store.listing()
  store.upsert(object('x', 1))
  store.listed()
  store.listing()
  store.listing()
  store.upsert(object('x', 1))
  store.listed()
  t.deepEqual(changes, ['x: - → a'])
})

test('what a write answered is not undone by an older event of the watch', (t) => {
  const { store } = makeStore()
  store.upsert(object('x', 11, 'written'))
  store.upsert(object('x', 10, 'older'))
  store.remove(object('x', 9))
  t.is(store.get('x'), 'written')
})

test('a list of a restored server that counts from an older version is believed', (t) => {
  const { store } = makeStore()
  store.upsert(object('x', 100, 'before'))
  store.listing()
  store.upsert(object('x', 5, 'restored'))
  store.listed()
  t.is(store.get('x'), 'restored')
})
