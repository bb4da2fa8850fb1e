/** A real haproxy in HTTP mode in front of another server. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Certificate } from '../../../tools/cluster/certificates.ts'
import { Owned } from './owned.ts'
import { freePort } from './ports.ts'
import type { Row } from './rows.ts'
import type { Server } from './server.ts'

const LOG = 'access.log'

export class Haproxy implements Server {
  readonly port: number
  readonly pids: readonly number[]
  readonly #directory: string
  readonly #process: Owned
  readonly #scheme: string

  private constructor(directory: string, port: number, process: Owned, scheme: string) {
    this.#scheme = scheme
    this.#directory = directory
    this.port = port
    this.#process = process
    this.pids = [process.pid]
  }

  /**
   * @param certificate speaks TLS on both sides, and does not ask the backend who it is
   * @param alpn what it speaks over TLS, the best first
   */
  static async start(backendPort: number, certificate?: Certificate, alpn = 'http/1.1'): Promise<Haproxy> {
    const directory = mkdtempSync(join(tmpdir(), 'e2e-haproxy-'))
    const port = await freePort()
    const file = join(directory, 'haproxy.cfg')
    const pem = join(directory, 'server.pem')
    if (certificate) writeFileSync(pem, bothOf(certificate))
    writeFileSync(file, configuration(port, backendPort, certificate && { pem, alpn }))
    // haproxy drops log lines when a pipe is full, a file takes them all
    const script = 'exec haproxy -db -f "$0" >>"$1"'
    const process = new Owned('bash', ['-c', script, file, join(directory, LOG)])
    await process.listening(port)
    return new Haproxy(directory, port, process, certificate ? 'https' : 'http')
  }

  get url(): string {
    return `${this.#scheme}://127.0.0.1:${this.port}`
  }

  /** haproxy counts no body bytes of its own; the length it forwarded stands for them. */
  rows(): Row[] {
    return readFileSync(join(this.#directory, LOG), 'utf8')
      .split('\n')
      .slice(0, -1)
      .filter((line) => line.startsWith('{'))
      .map((line) => JSON.parse(line) as Row)
  }

  async stop(): Promise<void> {
    await this.#process.stop()
    rmSync(this.#directory, { recursive: true, force: true })
  }
}

const bothOf = ({ certificateFile, keyFile }: Certificate): string =>
  readFileSync(certificateFile, 'utf8') + readFileSync(keyFile, 'utf8')

interface Tls {
  pem: string
  alpn: string
}

function configuration(port: number, backendPort: number, tls: Tls | undefined): string {
  const ofFrontend = tls && `ssl crt ${tls.pem} alpn ${tls.alpn}`
  const ofBackend = tls && `ssl verify none alpn ${tls.alpn}`
  const format = `{"method":"%HM","path":"%HPO","status":%ST,"responseBodyBytes":%[var(txn.length)]}`
  return `
global
  log stdout format raw local0
defaults
  mode http
  log global
  option http-keep-alive
  option dontlognull
  timeout connect 5s
  timeout client 30s
  timeout server 30s
frontend entry
  bind 127.0.0.1:${port} ${ofFrontend ?? ''}
  http-response set-var(txn.length) res.hdr(content-length)
  log-format '${format}'
  default_backend origin
backend origin
  http-reuse always
  server origin 127.0.0.1:${backendPort} ${ofBackend ?? ''}
`
}
