/** Bodies of answers, bounded: whole, or line by line as they come. */
import { StringDecoder } from 'node:string_decoder'
import { ApiError } from './problem.ts'

/** A page of a list, or one object of a watch: objects have at most 1.5 MiB in etcd. */
const BODY_MAX_BYTES = 64 * 1024 * 1024
const LINE_MAX_CHARACTERS = 8 * 1024 * 1024

/** The whole body as text. Throws an ApiError when it is too long. */
export async function readWhole(body: AsyncIterable<Buffer>): Promise<string> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of body) {
    bytes += chunk.length
    if (bytes > BODY_MAX_BYTES) throw tooLong()
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

/** The lines of a body, without their ends, each as soon as it is complete; a last one without an end is dropped. */
export async function* linesOf(body: AsyncIterable<Buffer>): AsyncGenerator<string> {
  const decoder = new StringDecoder('utf8')
  let rest = ''
  for await (const chunk of body) {
    const parts = (rest + decoder.write(chunk)).split('\n')
    rest = parts.pop() ?? ''
    for (const part of parts) if (part !== '') yield part
    if (rest.length > LINE_MAX_CHARACTERS) throw tooLong()
  }
}

function tooLong(): ApiError {
  return new ApiError(0, 'TooLong', 'the answer is longer than any that is expected')
}
