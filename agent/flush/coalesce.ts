/**
 * Many messages in one write. @grpc/grpc-js spends some 14 µs per written message, ten times what a log costs
 * otherwise; docs/decisions/0003-coalesced-grpc-writes.md has the numbers.
 *
 *     write(buffer) ─▸ filters of the channel ─▸ HTTP/2 stream
 *                      [compression: adds a 5-byte header][ours: takes it off]
 *
 * What is written then reaches the stream as it is, so a buffer may hold any number of framed messages. The list of
 * filters is private to the library; whether this works is therefore tried out, and one message per write remains.
 */
import { Client, credentials, experimental } from '@grpc/grpc-js'
import { FRAME_HEADER_BYTES } from '../logs/encode.ts'

type SendMessage = experimental.Filter['sendMessage']
type Written = Awaited<ReturnType<SendMessage>>

/** The part of the library's channel that is used here. */
interface FilterStackFactory {
  factories: experimental.FilterFactory<experimental.Filter>[]
  createFilter(): { sendMessage: SendMessage }
}

class HeaderRemover extends experimental.BaseFilter {
  override async sendMessage(message: Promise<Written>): Promise<Written> {
    const framed = await message
    return { ...framed, message: framed.message.subarray(FRAME_HEADER_BYTES) }
  }
}

/**
 * Makes the channel of a client send written buffers as they are: they must hold whole, framed messages. Before the
 * first call. @throws when the library has no such list of filters
 */
export function sendAsWritten(client: Client): void {
  filtersOf(client).factories.push({ createFilter: () => new HeaderRemover() })
}

/**
 * Whether `sendAsWritten` does what it says with the library that is installed.
 * @param client made to try it on; nothing is sent, and it is closed
 */
export async function canSendAsWritten(client: Client = idleClient()): Promise<boolean> {
  try {
    sendAsWritten(client)
    const probe = Buffer.from('any bytes, framed or not')
    const sent = await filtersOf(client)
      .createFilter()
      .sendMessage(Promise.resolve({ message: probe, flags: 0 }))
    return probe.equals(sent.message)
  } catch (error) {
    if (error instanceof TypeError) return false
    throw error
  } finally {
    client.close()
  }
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
