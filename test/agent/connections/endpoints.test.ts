import test from 'ava'
import type { ConnectionFacts } from '../../../agent/connections/connection.ts'
import { EndpointIndex, type LocalEnd } from '../../../agent/connections/endpoints.ts'

class End implements LocalEnd {
  readonly facts: ConnectionFacts
  closed = false
  peer: LocalEnd | undefined

  /** @param local `address port` @param remote likewise */
  constructor(local: string, remote: string, netns = 1) {
    this.facts = {
      id: 1,
      sock: 1n,
      pid: 1,
      comm: '',
      cgroupId: 0,
      origin: 'io',
      local: socketAddress(local),
      remote: socketAddress(remote),
      netns,
      success: true,
      startNs: 0,
      endNs: 0,
    }
  }
}

function socketAddress(text: string) {
  const [address = '', port] = text.split(' ')
  return { address, port: Number(port) }
}

/** An index with these ends in it. */
function indexOf(...ends: End[]): EndpointIndex<End> {
  const index = new EndpointIndex<End>(100)
  for (const end of ends) index.add(end)
  return index
}

const CLIENT = ['127.0.0.1 40000', '127.0.0.1 80'] as const
const SERVER = ['127.0.0.1 80', '127.0.0.1 40000'] as const

test('the two ends of a connection meet, whichever comes first', (t) => {
  for (const swap of [false, true]) {
    const [client, server] = [new End(...CLIENT), new End(...SERVER)]
    indexOf(...(swap ? [server, client] : [client, server]))
    t.is(client.peer, server)
    t.is(server.peer, client)
  }
})

test('ends of other connections do not', (t) => {
  const client = new End(...CLIENT)
  const others = [
    new End('127.0.0.1 80', '127.0.0.1 40001'),
    new End('127.0.0.1 81', '127.0.0.1 40000'),
    new End('127.0.0.2 80', '127.0.0.1 40000'),
    new End('127.0.0.1 80', '127.0.0.2 40000'),
  ]
  indexOf(client, ...others)
  t.is(client.peer, undefined)
  for (const other of others) t.is(other.peer, undefined)
})

test('two clients of one server have a partner each', (t) => {
  const clients = [new End('10.0.0.9 40000', '10.0.0.9 80'), new End('10.0.0.9 40001', '10.0.0.9 80')]
  const servers = [new End('10.0.0.9 80', '10.0.0.9 40001'), new End('10.0.0.9 80', '10.0.0.9 40000')]
  indexOf(...clients, ...servers)
  t.is(clients[0]!.peer, servers[1])
  t.is(clients[1]!.peer, servers[0])
})

test('loopback is a place of its own in every network namespace', (t) => {
  const [client, elsewhere] = [new End(...CLIENT, 1), new End(...SERVER, 2)]
  const index = indexOf(client, elsewhere)
  t.is(client.peer, undefined)
  const server = new End(...SERVER, 1)
  index.add(server)
  t.is(client.peer, server)
  t.is(elsewhere.peer, undefined)
})

test('other addresses are the same from every network namespace', (t) => {
  const [client, server] = [
    new End('10.0.0.1 40000', '10.0.0.2 80', 1),
    new End('10.0.0.2 80', '10.0.0.1 40000', 2),
  ]
  indexOf(client, server)
  t.is(client.peer, server)
})

test('IPv6 loopback is scoped too', (t) => {
  const [client, elsewhere] = [new End('::1 40000', '::1 80', 1), new End('::1 80', '::1 40000', 2)]
  indexOf(client, elsewhere)
  t.is(client.peer, undefined)
})

test('a socket connected to itself has no partner', (t) => {
  const self = new End('127.0.0.1 5000', '127.0.0.1 5000')
  indexOf(self)
  t.is(self.peer, undefined)
})

/** Closes the end and tells the index. */
function close(index: EndpointIndex<End>, end: End): void {
  end.closed = true
  index.close(end)
}

test('a server that is accepted late still meets its client, which is closed already', (t) => {
  const [client, server] = [new End(...CLIENT), new End(...SERVER)]
  const index = indexOf(client)
  close(index, client)
  index.add(server)
  t.is(server.peer, client)
  t.is(index.size, 1, 'the client is not to be met any more')
})

test('ends that had their partner are forgotten when they are closed', (t) => {
  const [client, server] = [new End(...CLIENT), new End(...SERVER)]
  const index = indexOf(client, server)
  close(index, client)
  close(index, server)
  t.is(index.size, 0)
  t.is(server.peer, client, 'but they know each other')
})

test('closed ends without a partner are forgotten one after the other, and open ones are not', (t) => {
  const open = new End('10.0.0.1 80', '10.0.0.2 1')
  const index = new EndpointIndex<End>(100_000)
  index.add(open)
  for (let port = 2; port < 20_000; port++) {
    const end = new End('10.0.0.1 80', `10.0.0.2 ${port}`)
    index.add(end)
    close(index, end)
  }
  t.true(index.size < 5000)
  const partner = new End('10.0.0.2 1', '10.0.0.1 80')
  index.add(partner)
  t.is(partner.peer, open)
})

test('a closed end that had its partner is not met again by the next connection between the same ports', (t) => {
  const [client, server, next] = [new End(...CLIENT), new End(...SERVER), new End(...CLIENT)]
  const index = indexOf(client, server)
  close(index, client)
  close(index, server)
  index.add(next)
  t.is(next.peer, undefined)
  t.is(server.peer, client)
})

test('a removed end is not met', (t) => {
  const [client, server] = [new End(...CLIENT), new End(...SERVER)]
  const index = indexOf(client)
  index.remove(client)
  index.add(server)
  t.is(server.peer, undefined)
  t.is(index.size, 1)
})

test('removing an end leaves the one that took its place', (t) => {
  const [old, client, server] = [new End(...CLIENT), new End(...CLIENT), new End(...SERVER)]
  const index = indexOf(old, client)
  index.remove(old)
  index.add(server)
  t.is(server.peer, client)
})

test('beyond its limit the oldest end is forgotten, and one that came again is not the oldest', (t) => {
  const index = new EndpointIndex<End>(2)
  const ends = [1, 2, 3].map((port) => new End(`127.0.0.1 ${port}`, '127.0.0.1 80'))
  index.add(ends[0]!)
  index.add(ends[1]!)
  index.add(ends[0]!)
  index.add(ends[2]!)
  t.is(index.size, 2)
  const servers = [1, 2, 3].map((port) => new End('127.0.0.1 80', `127.0.0.1 ${port}`))
  for (const server of servers) index.add(server)
  t.is(servers[0]!.peer, ends[0])
  t.is(servers[1]!.peer, undefined)
  t.is(servers[2]!.peer, undefined, 'the first server took the place of the third client')
  t.is(index.size, 2)
})
