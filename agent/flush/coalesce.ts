/**
 * Many messages in one write. @grpc/grpc-js spends some 14 µs per written message, ten times what a log costs
 * otherwise; docs/decisions/0003-coalesced-grpc-writes.md has the numbers.
 *
 *     write(buffer) ─▸ filters of the channel ─▸ HTTP/2 stream
 *                      [compression: copies the message behind a 5-byte header]
 *
 * Here the filters leave messages alone. What is written then reaches the stream as it is, without a copy, so a buffer
 * may hold any number of framed messages. The list of filters is private to the library; whether this works is
 * therefore tried out, and one message per write remains.
 */
import { Client, credentials, type experimental } from '@grpc/grpc-js'
import { FRAME_HEADER_BYTES } from '../logs/encode.ts'

type SendMessage = experimental.Filter['sendMessage']

/** The part of the library's channel that is used here. */
interface FilterStackFactory {
  factories: experimental.FilterFactory<experimental.Filter>[]
  createFilter(): { sendMessage: SendMessage }
}

/**
 * Makes the channel of a client send written buffers as they are: they must hold whole, framed messages. Before the
 * first call. @throws when the library has no such list of filters
 */
export function sendAsWritten(client: Client): void {
  const { factories } = filtersOf(client)
  const sendMessage: SendMessage = (message) => message
  for (const [index, factory] of factories.entries())
    factories[index] = { createFilter: () => Object.assign(factory.createFilter(), { sendMessage }) }
}

/**
 * Whether `sendAsWritten` does what it says with the library that is installed.
 * @param client made to try it on; nothing is sent, and it is closed
 */
export async function canSendAsWritten(client: Client = idleClient()): Promise<boolean> {
  try {
    const framed = await sent(client)
    sendAsWritten(client)
    return framed.length === PROBE.length + FRAME_HEADER_BYTES && PROBE.equals(await sent(client))
  } catch (error) {
    if (error instanceof TypeError) return false
    throw error
  } finally {
    client.close()
  }
}

const PROBE = Buffer.from('any bytes, framed or not')

/** What the filters make of the probe. */
async function sent(client: Client): Promise<Buffer> {
  const written = Promise.resolve({ message: PROBE, flags: 0 })
  return (await filtersOf(client).createFilter().sendMessage(written)).message
}

/** Connects to nothing: calls connect, and there will be none. */
const idleClient = (): Client => new Client('127.0.0.1:1', credentials.createInsecure())

/** @throws TypeError when the library is built otherwise */
function filtersOf(client: Client): FilterStackFactory {
  const channel = client.getChannel() as unknown as {
    internalChannel: { filterStackFactory: FilterStackFactory }
  }
  return channel.internalChannel.filterStackFactory
}
