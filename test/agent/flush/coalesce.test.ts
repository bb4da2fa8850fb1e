import test from 'ava'
import { type Channel, Client, credentials, type experimental } from '@grpc/grpc-js'
import { canSendAsWritten } from '../../../agent/flush/coalesce.ts'
import { batchOf, pathsTo, startReceiver, startSender } from './harness.ts'

test('the installed library sends buffers as they are written', async (t) => {
  t.true(await canSendAsWritten())
})

type Factory = experimental.FilterFactory<experimental.Filter>
type Written = Parameters<experimental.Filter['sendMessage']>[0]

const framed = async (written: Written): Promise<object> => {
  const { message } = await written
  return { message: Buffer.concat([Buffer.alloc(5), message]) }
}

function stackOf(factories: Factory[]): object {
  const sendMessage = (written: Written): Written =>
    factories.reduce((sent, factory) => factory.createFilter().sendMessage(sent), written)
  return { factories, createFilter: () => ({ sendMessage }) }
}

/** Channels as another version of the library might build them. */
const others: Record<string, object> = {
  'has no list of filters': { internalChannel: {} },
  'keeps its filters private': { '#internalChannel': {} },
  'ignores what is added to the list': {
    internalChannel: {
      filterStackFactory: { factories: [], createFilter: () => ({ sendMessage: framed }) },
    },
  },
  'does not frame in its filters': {
    internalChannel: { filterStackFactory: stackOf([]) },
  },
}

for (const [sentence, channel] of Object.entries(others)) {
  test(`a library that ${sentence} is recognised`, async (t) => {
    const client = new Client('127.0.0.1:1', credentials.createInsecure())
    client.getChannel().close()
    client.getChannel = () => channel as Channel
    client.close = () => {}
    t.false(await canSendAsWritten(client))
  })
}

for (const [sentence, coalesce] of [
  ['many messages in one write', true],
  ['one message in each write', false],
] as const) {
  test(`a server takes ${sentence}, in order`, async (t) => {
    const { receiver, paths } = await startReceiver(t)
    const { sender } = await startSender(t, receiver.address, { periodMs: 60_000 }, coalesce)
    const sent = pathsTo(3_000)
    sender.push(batchOf(...sent.slice(0, 2_000)))
    sender.push(batchOf(...sent.slice(2_000)))
    await sender.stop(30_000)
    t.is(receiver.ledger.streams, 1)
    t.deepEqual(paths, sent)
    t.is(receiver.ledger.messages, sent.length)
    t.deepEqual(receiver.ledger.rejected, {})
  })
}
