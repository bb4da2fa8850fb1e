import test from 'ava'
import { messagesOf, withNode } from '../../../agent/flush/batch.ts'
import { decodeMessage } from '../../receiver/protocol.ts'
import { batchOf, node } from './harness.ts'

test('frames are cut at their headers', (t) => {
  const paths = [...messagesOf(batchOf('/a', '/b', '/c').frames)].map(
    (message) => decodeMessage(message).protocolLog?.http?.request?.path,
  )
  t.deepEqual(paths, ['/a', '/b', '/c'])
})

test('the node is merged into the first message, and nothing else changes', (t) => {
  const { frames } = batchOf('/a', '/b')
  const [first, second] = [...messagesOf(withNode(frames, node, Buffer.alloc(1000)))]
  const [plainFirst, plainSecond] = [...messagesOf(frames)]
  t.deepEqual(decodeMessage(first!), { ...decodeMessage(plainFirst!), node: decodeMessage(node).node! })
  t.deepEqual(second, plainSecond)
})
