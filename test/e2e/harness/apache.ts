/** A real Apache httpd with mod_http2: HTTP/2 without TLS, by prior knowledge and by Upgrade. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Owned } from './owned.ts'
import { freePort } from './ports.ts'
import type { Row } from './rows.ts'
import { type Server, childrenOf } from './server.ts'
import { until } from './until.ts'

const MODULES = '/usr/lib/apache2/modules'

export class Apache implements Server {
  readonly port: number
  readonly pids: readonly number[]
  readonly #directory: string
  readonly #process: Owned

  private constructor(directory: string, port: number, process: Owned) {
    this.port = port
    this.#directory = directory
    this.#process = process
    this.pids = [process.pid, ...childrenOf(process.pid)]
  }

  static async start(): Promise<Apache> {
    const directory = mkdtempSync(join(tmpdir(), 'e2e-apache-'))
    const port = await freePort()
    mkdirSync(join(directory, 'www'))
    writeFileSync(join(directory, 'www/small.txt'), 'x'.repeat(600))
    writeFileSync(join(directory, 'www/large.bin'), Buffer.alloc(3_000_000, 'x'))
    writeFileSync(join(directory, 'httpd.conf'), configuration(directory, port))
    const process = new Owned('apache2', ['-d', directory, '-f', 'httpd.conf', '-D', 'FOREGROUND'])
    await process.listening(port)
    await until('a child of httpd', () => childrenOf(process.pid).length === 1)
    return new Apache(directory, port, process)
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`
  }

  /** An upgrade is a row of its own there, with status 101; the answer to its request is another one. */
  rows(): Row[] {
    return readFileSync(join(this.#directory, 'access.log'), 'utf8')
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line) as Row)
      .filter(({ status }) => status !== 101)
  }

  async stop(): Promise<void> {
    await this.#process.stop()
    rmSync(this.#directory, { recursive: true, force: true })
  }
}

function configuration(directory: string, port: number): string {
  const modules = ['mpm_event', 'authz_core', 'http2']
  const format = '{\\"method\\":\\"%m\\",\\"path\\":\\"%U\\",\\"status\\":%>s,\\"responseBodyBytes\\":%B}'
  return `
${modules.map((name) => `LoadModule ${name}_module ${MODULES}/mod_${name}.so`).join('\n')}
ServerName localhost
Listen 127.0.0.1:${port}
PidFile ${directory}/httpd.pid
ErrorLog ${directory}/error.log
DocumentRoot ${directory}/www
Protocols h2c http/1.1
H2Direct on
H2Upgrade on
StartServers 1
ServerLimit 1
LogFormat "${format}" exact
CustomLog ${directory}/access.log exact
<Directory ${directory}/www>
Require all granted
</Directory>
`
}
