import test from 'ava'
import { linesOf, readWhole } from '../../../agent/control/body.ts'
import { ApiError } from '../../../agent/control/problem.ts'

const TEXT = '{"name":"ä"}\n\n{"name":"€"}\n{"cut'

async function* chunks(bytes: Buffer, size: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}

async function all(lines: AsyncIterable<string>): Promise<string[]> {
  const taken: string[] = []
  for await (const line of lines) taken.push(line)
  return taken
}

test('lines are the same however the bytes come', async (t) => {
  for (let size = 1; size <= TEXT.length; size += 1)
    t.deepEqual(await all(linesOf(chunks(Buffer.from(TEXT), size))), ['{"name":"ä"}', '{"name":"€"}'])
  t.is(await readWhole(chunks(Buffer.from(TEXT), 3)), TEXT)
})

test('what has no end is refused', async (t) => {
  async function* endless(): AsyncGenerator<Buffer> {
    for (;;) yield Buffer.alloc(1024 * 1024, 0x78)
  }
  await t.throwsAsync(all(linesOf(endless())), { instanceOf: ApiError, message: /longer/ })
  await t.throwsAsync(readWhole(endless()), { instanceOf: ApiError, message: /longer/ })
})
