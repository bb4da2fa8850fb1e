import test from 'ava'
import { MessageSplitter } from '../../bench/receiver/messages.ts'

const MESSAGES = ['', 'a', 'b'.repeat(300)]

const BODY = Buffer.concat(
  MESSAGES.map((text) => {
    const header = Buffer.alloc(5)
    header.writeUInt32BE(text.length, 1)
    return Buffer.concat([header, Buffer.from(text)])
  }),
)

test('messages are found wherever the network cut them', (t) => {
  for (let cut = 0; cut <= BODY.length; cut++) {
    const found: string[] = []
    const splitter = new MessageSplitter((message) => found.push(message.toString()))
    splitter.write(BODY.subarray(0, cut))
    splitter.write(BODY.subarray(cut))
    t.deepEqual(found, MESSAGES)
    t.is(splitter.pendingBytes, 0)
  }
})

test('a message that has begun is pending', (t) => {
  const splitter = new MessageSplitter(() => t.fail())
  splitter.write(BODY.subarray(6, 10))
  t.is(splitter.pendingBytes, 4)
})
