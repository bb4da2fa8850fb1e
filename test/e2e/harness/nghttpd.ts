/** nghttp2's own server, HTTP/2 over TLS. Its log is the account of frames that `-v` gives. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Certificate } from '../../../tools/cluster/certificates.ts'
import { FILES } from './nginx.ts'
import { Owned } from './owned.ts'
import { freePort } from './ports.ts'
import type { Row } from './rows.ts'
import type { Server } from './server.ts'

export class Nghttpd implements Server {
  readonly port: number
  readonly pids: readonly number[]
  readonly #directory: string
  readonly #process: Owned

  private constructor(directory: string, port: number, process: Owned) {
    this.#directory = directory
    this.port = port
    this.#process = process
    this.pids = [process.pid]
  }

  static async start({ certificateFile, keyFile }: Certificate): Promise<Nghttpd> {
    const directory = mkdtempSync(join(tmpdir(), 'e2e-nghttpd-'))
    const port = await freePort()
    for (const [name, bytes] of Object.entries(FILES))
      writeFileSync(join(directory, name), Buffer.alloc(bytes, 'x'))
    const options = ['-v', '-a', '127.0.0.1', '-d', directory]
    const process = new Owned('nghttpd', [...options, String(port), keyFile, certificateFile])
    await process.listening(port)
    return new Nghttpd(directory, port, process)
  }

  get url(): string {
    return `https://127.0.0.1:${this.port}`
  }

  rows(): Row[] {
    return rowsOf(this.#process.lines)
  }

  async stop(): Promise<void> {
    await this.#process.stop()
    rmSync(this.#directory, { recursive: true, force: true })
  }
}

const STREAM_LINE = /^\[id=(\d+)\] \[ *[\d.]+\] (.*)\(?\bstream_id=(\d+)(.*)$/

type StreamRow = Row & { responseBodyBytes: number; requestBodyBytes: number }

const emptyRow = (): StreamRow => ({
  method: '',
  path: '',
  status: 0,
  responseBodyBytes: 0,
  requestBodyBytes: 0,
})

/** Rows of the streams that were closed. The fields of an answer have lines of their own, behind that of their frame. */
function rowsOf(lines: readonly string[]): Row[] {
  const open = new Map<string, StreamRow>()
  const closed: Row[] = []
  let latest = emptyRow()
  for (const line of lines) {
    const status = line.match(/^ +:status: (\d+)$/)?.[1]
    if (status !== undefined) latest.status = Number(status)
    const [, id = '', before = '', stream = '', after = ''] = line.match(STREAM_LINE) ?? []
    if (stream === '' || stream === '0') continue
    const key = `${id} ${stream}`
    latest = open.get(key) ?? emptyRow()
    open.set(key, latest)
    takeLine(latest, before, after)
    if (after.trim() === 'closed') closed.push(latest)
  }
  return closed
}

function takeLine(row: StreamRow, before: string, after: string): void {
  const bytes = Number(before.match(/ DATA frame <length=(\d+)/)?.[1] ?? 0)
  if (before.startsWith('send')) row.responseBodyBytes += bytes
  else row.requestBodyBytes += bytes
  const [, name, value = ''] = after.match(/^\) :(\w+): (.*)$/) ?? []
  if (name === 'method') row.method = value
  if (name === 'path') row.path = value.replace(/\?.*/, '')
}
