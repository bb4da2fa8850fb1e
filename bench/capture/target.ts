/** The server under observation: one nginx worker, no log of its own, counted by stub_status. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Owned, run } from '../../test/e2e/harness/owned.ts'
import { freePort } from '../../test/e2e/harness/ports.ts'
import { childrenOf } from '../../test/e2e/harness/server.ts'
import { until } from '../../test/e2e/harness/until.ts'
import type { Urls } from './load.ts'

const SMALL_BODY = 'x'.repeat(600)
export const FILES = { '1k': 1024, '10m': 10 * 1024 * 1024 } as const

export interface Target extends Urls {
  masterPid: number
  workerPid: number
  /** Requests it has answered so far, by its own count; the question is one of them. */
  requests(): Promise<number>
  stop(): Promise<void>
}

export async function startTarget(): Promise<Target> {
  const directory = mkdtempSync(join(tmpdir(), 'bench-nginx-'))
  const ports = {
    plain: await freePort(),
    http2: await freePort(),
    tls: await freePort(),
    status: await freePort(),
  }
  writeFiles(join(directory, 'www'))
  writeFileSync(join(directory, 'nginx.conf'), configuration(directory, ports))
  await createCertificate(directory)
  const nginx = new Owned('nginx', ['-p', directory, '-c', 'nginx.conf', '-e', 'error.log'])
  await nginx.listening(ports.plain)
  await until('an nginx worker', () => childrenOf(nginx.pid).length === 1)
  return {
    url: `http://127.0.0.1:${ports.plain}`,
    http2Url: `http://127.0.0.1:${ports.http2}`,
    httpsUrl: `https://127.0.0.1:${ports.tls}`,
    masterPid: nginx.pid,
    workerPid: childrenOf(nginx.pid)[0] ?? 0,
    requests: () => statusRequests(ports.status),
    stop: async () => {
      await nginx.stop()
      rmSync(directory, { recursive: true, force: true })
    },
  }
}

function writeFiles(root: string): void {
  mkdirSync(root)
  for (const [name, bytes] of Object.entries(FILES)) writeFileSync(join(root, name), Buffer.alloc(bytes, 'x'))
}

/** Third number of stub_status. */
async function statusRequests(port: number): Promise<number> {
  const text = await (await fetch(`http://127.0.0.1:${port}/`, { headers: { Connection: 'close' } })).text()
  return Number(text.match(/^ \d+ \d+ (\d+)/m)?.[1])
}

/** Of an elliptic curve, as servers have today; nobody asks who signed it. */
async function createCertificate(directory: string): Promise<void> {
  const args = 'req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=bench'
  const { code, stderr } = await run(
    'openssl',
    [...args.split(' '), '-keyout', 'key.pem', '-out', 'certificate.pem'],
    { cwd: directory },
  )
  if (code !== 0) throw new Error(`openssl: ${stderr}`)
}

interface Ports {
  plain: number
  http2: number
  tls: number
  status: number
}

function configuration(directory: string, ports: Ports): string {
  return `
daemon off; user root; worker_processes 1; pid nginx.pid; error_log error.log;
events { worker_connections 4096; }
http {
  access_log off; sendfile on; tcp_nopush on; keepalive_requests 1000000000; keepalive_timeout 300s;
  server {
    listen 127.0.0.1:${ports.plain} backlog=4096;
    listen 127.0.0.1:${ports.http2} http2 backlog=4096;
    listen 127.0.0.1:${ports.tls} ssl http2 backlog=4096;
    ssl_certificate ${directory}/certificate.pem;
    ssl_certificate_key ${directory}/key.pem;
    root ${directory}/www;
    location = /small { return 200 "${SMALL_BODY}"; }
  }
  server { listen 127.0.0.1:${ports.status}; location / { stub_status; } }
}
`
}
