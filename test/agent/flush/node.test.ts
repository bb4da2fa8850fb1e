import test from 'ava'
import fc from 'fast-check'
import { mkdtempSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { networkInterfaces, tmpdir } from 'node:os'
import { join } from 'node:path'
import { type NodeInfo, encodeNode, readNetInterfaces } from '../../../agent/flush/node.ts'
import { type Message, decodeMessage, encodeMessage } from '../../receiver/protocol.ts'

const name = fc.string({ minLength: 1, maxLength: 200 })
const nodes: fc.Arbitrary<NodeInfo> = fc.record({
  name,
  netInterfaces: fc.array(
    fc.record({
      index: fc.integer({ min: 1, max: 2 ** 31 - 1 }),
      mtu: fc.integer({ min: 1, max: 65_536 }),
      name,
    }),
  ),
  bootTimeNs: fc.bigInt({ min: 10n ** 18n, max: 4n * 10n ** 18n }),
  clusterName: fc.oneof(fc.constant(''), name),
  excludeNamespaces: fc.array(name),
})

function reference(node: NodeInfo): Message {
  const nanos = Number(node.bootTimeNs % 1_000_000_000n)
  return {
    node: {
      name: node.name,
      netInterfaces: [...node.netInterfaces],
      bootTime: { seconds: String(node.bootTimeNs / 1_000_000_000n), ...(nanos > 0 && { nanos }) },
      ...(node.clusterName && { clusterName: node.clusterName }),
      ...(node.excludeNamespaces.length > 0 && {
        policy: { excludeNamespaces: [...node.excludeNamespaces] },
      }),
    },
  }
}

test('a node is, byte for byte, what the protocol library writes', (t) => {
  fc.assert(
    fc.property(nodes, (node) => {
      t.deepEqual(decodeMessage(encodeNode(node)), decodeMessage(encodeMessage(reference(node))))
      t.deepEqual(Buffer.from(encodeNode(node)), encodeMessage(reference(node)))
    }),
  )
})

test('the interfaces of this machine are found, with their numbers', (t) => {
  const found = readNetInterfaces()
  t.deepEqual(found[0], { index: 1, mtu: 65_536, name: 'lo' })
  for (const name of Object.keys(networkInterfaces())) t.true(found.some((one) => one.name === name))
})

test('what is not an interface is left out', (t) => {
  const sysfs = mkdtempSync(join(tmpdir(), 'net-'))
  t.teardown(() => rmSync(sysfs, { recursive: true }))
  writeFileSync(join(sysfs, 'bonding_masters'), 'bond0\n')
  mkdirSync(join(sysfs, 'gone'))
  for (const [name, index] of [
    ['eth0', '7'],
    ['lo', '1'],
  ] as const) {
    mkdirSync(join(sysfs, name))
    writeFileSync(join(sysfs, name, 'ifindex'), `${index}\n`)
    writeFileSync(join(sysfs, name, 'mtu'), '1500\n')
  }
  t.deepEqual(readNetInterfaces(sysfs), [
    { index: 1, mtu: 1500, name: 'lo' },
    { index: 7, mtu: 1500, name: 'eth0' },
  ])
})
