import test from 'ava'
import { Child } from '../../../agent/helper/child.ts'

test('what a program writes arrives whole, and its memory is freed when the listener has seen it', async (t) => {
  const sent = Buffer.alloc(300_000, 'a line of what is said\n')
  const seen: Buffer[] = []
  const chunks: Uint8Array[] = []
  const clean = await new Promise<boolean>((resolve) => {
    const child = new Child('cat', [], {
      chunk: (bytes) => {
        seen.push(Buffer.from(bytes))
        chunks.push(bytes)
      },
      log: () => {},
      ended: (_, clean) => resolve(clean),
    })
    child.write(sent)
    child.closeStdin()
  })
  t.true(clean)
  t.true(Buffer.concat(seen).equals(sent))
  t.deepEqual([...new Set(chunks.map(({ buffer }) => buffer.byteLength))], [0])
})
