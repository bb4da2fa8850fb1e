/** A real nginx in a directory of its own: static files, uploads by PUT, chunked variants of the files. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Certificate } from '../../../tools/cluster/certificates.ts'
import { Owned, run } from './owned.ts'
import { freePort } from './ports.ts'
import type { Row } from './rows.ts'
import { type Server, childrenOf } from './server.ts'
import { until } from './until.ts'

/** Bytes of the files in the document root. */
export const FILES = { 'small.txt': 600, 'medium.bin': 20_000, 'large.bin': 10 * 1024 * 1024 } as const

export interface NginxOptions {
  workers?: number
  /** More directives for the server block. */
  extra?: string
  /** Speaks TLS, and nothing else. */
  certificate?: Certificate
  /** Speaks HTTP/2 as well, with those who ask for it in their hello. */
  http2?: boolean
}

export class Nginx implements Server {
  readonly port: number
  readonly pids: readonly number[]
  readonly directory: string
  readonly #process: Owned
  readonly #scheme: string

  private constructor(directory: string, port: number, process: Owned, scheme: string) {
    this.#scheme = scheme
    this.directory = directory
    this.port = port
    this.#process = process
    this.pids = [process.pid, ...childrenOf(process.pid)]
  }

  static async start(options: NginxOptions = {}): Promise<Nginx> {
    const workers = options.workers ?? 1
    const directory = mkdtempSync(join(tmpdir(), 'e2e-nginx-'))
    const port = await freePort()
    writeDocuments(join(directory, 'www'))
    writeFileSync(join(directory, 'nginx.conf'), configuration(directory, port, options))
    const process = new Owned('nginx', ['-p', directory, '-c', 'nginx.conf', '-e', 'error.log'])
    await process.listening(port)
    await until('nginx workers', () => childrenOf(process.pid).length === workers)
    return new Nginx(directory, port, process, options.certificate ? 'https' : 'http')
  }

  get url(): string {
    return `${this.#scheme}://127.0.0.1:${this.port}`
  }

  rows(): Row[] {
    return readFileSync(join(this.directory, 'access.log'), 'utf8')
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line) as Row)
  }

  /** Connections it has accepted so far, by its own count; the one that asks included. */
  async accepted(): Promise<number> {
    const { stdout } = await run('curl', ['-sS', `${this.url}/stub_status`])
    return Number(stdout.match(/^ (\d+) \d+ \d+/m)?.[1])
  }

  /** Resolves when no connection is open, and none waits to be accepted. */
  async drained(): Promise<void> {
    await until('nginx without connections', async () => {
      const { stdout } = await run('ss', ['-Htan', 'sport', '=', `:${this.port}`])
      const sockets = stdout.trim().split('\n')
      return sockets.every((line) => /^(LISTEN +0|TIME-WAIT) /.test(line))
    })
  }

  /** Replaces the workers, as an administrator's reload does; resolves when the old ones are gone or idle no more. */
  async reload(): Promise<void> {
    const [master = 0, ...old] = this.pids
    process.kill(master, 'SIGHUP')
    await until(
      'new nginx workers',
      () => childrenOf(master).filter((pid) => !old.includes(pid)).length === old.length,
    )
  }

  /** Ends nginx by SIGTERM, or as told. */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    await this.#process.stop(signal)
    rmSync(this.directory, { recursive: true, force: true })
  }
}

function writeDocuments(root: string): void {
  mkdirSync(join(root, 'put'), { recursive: true })
  for (const [name, bytes] of Object.entries(FILES)) writeFileSync(join(root, name), Buffer.alloc(bytes, 'x'))
}

/**
 * `$bytes_sent` and `$request_length` are nginx's own counts of heads with bodies. `/chunked/` removes the length
 * (sub_filter cannot know it), `$body_bytes_sent` then includes the chunk framing.
 */
function configuration(directory: string, port: number, options: NginxOptions): string {
  const { workers = 1, extra = '', certificate, http2 = false } = options
  const ssl = (certificate === undefined ? '' : ' ssl') + (http2 ? ' http2' : '')
  const files =
    certificate &&
    `ssl_certificate ${certificate.certificateFile}; ssl_certificate_key ${certificate.keyFile};`
  return `
daemon off; user root; worker_processes ${workers}; pid nginx.pid; error_log error.log;
events { worker_connections 1024; }
http {
  map $request_uri $path { "~^(?<p>[^?]*)" $p; }
  log_format exact escape=json '{"method":"$request_method","path":"$path","status":$status,'
    '"responseBodyBytes":$body_bytes_sent,"responseBytes":$bytes_sent,"requestBytes":$request_length}';
  access_log ${directory}/access.log exact;
  client_body_temp_path ${directory}/body; proxy_temp_path ${directory}/proxy; fastcgi_temp_path ${directory}/f;
  uwsgi_temp_path ${directory}/u; scgi_temp_path ${directory}/s;
  sendfile on; tcp_nopush on; keepalive_timeout 60s; keepalive_requests 1000000; client_max_body_size 64m;
  server {
    listen 127.0.0.1:${port}${ssl} backlog=4096; listen [::1]:${port}${ssl};
    ${files ?? ''}
    root ${directory}/www;
    location = /return { return 200 "0123456789"; }
    location = /none { return 204; }
    location /put/ { dav_methods PUT; create_full_put_path on; }
    location /chunked/ { alias ${directory}/www/; sub_filter_types *; sub_filter never-there x; }
    location = /stub_status { access_log off; stub_status; }
    ${extra}
  }
}
`
}
