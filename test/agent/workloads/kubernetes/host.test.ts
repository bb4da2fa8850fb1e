import { networkInterfaces } from 'node:os'
import test from 'ava'
import { ipv4Addresses, ipv6Addresses, localAddresses } from '../../../../agent/workloads/kubernetes/host.ts'

const FIB_TRIE = `Main:
  +-- 0.0.0.0/0 3 0 5
     |-- 0.0.0.0
        /0 universe UNICAST
     +-- 10.88.0.0/24 2 0 2
        |-- 10.88.0.0
           /24 link UNICAST
        |-- 10.88.0.1
           /32 host LOCAL
        |-- 10.88.0.255
           /32 link BROADCAST
Local:
     +-- 127.0.0.0/8 2 0 2
        |-- 127.0.0.0
           /8 host LOCAL
           /32 link BROADCAST
        |-- 127.0.0.1
           /32 host LOCAL
        |-- 10.88.0.1
           /32 host LOCAL
`

test('own addresses of a routing table, not networks and broadcasts', (t) => {
  t.deepEqual(ipv4Addresses(FIB_TRIE), ['10.88.0.1', '127.0.0.1'])
})

test('own addresses of IPv6 in their usual form', (t) => {
  const text =
    '00000000000000000000000000000001 01 80 10 80       lo\nfe800000000000000000000000000abc 02 40 20 80     eth0\n'
  t.deepEqual(ipv6Addresses(text), ['::1', 'fe80::abc'])
})

test('of this machine, what the system says', (t) => {
  const expected = Object.values(networkInterfaces()).flatMap(
    (all) => all?.map(({ address }) => address) ?? [],
  )
  const found = localAddresses('/proc', process.pid)
  for (const address of expected) t.true(found.has(address), address)
})

test('a process that is gone has none', (t) => {
  t.is(localAddresses('/proc', 4_194_304).size, 0)
})
