/** A small certificate authority, made anew for each test by the openssl command. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export interface Pair {
  certificate: Buffer
  key: Buffer
}

export interface Authority {
  ca: Buffer
  /** A certificate of it for a server at 127.0.0.1 and localhost, or for a client. */
  issue(name: string): Pair
  /** Removes its files. */
  remove(): void
}

export function createAuthority(): Authority {
  const directory = mkdtempSync(join(tmpdir(), 'authority-'))
  const file = (name: string): string => join(directory, name)
  openssl([
    'req',
    '-x509',
    ...newKey(file('ca.key')),
    '-subj',
    '/CN=test authority',
    '-days',
    '2',
    '-out',
    file('ca.pem'),
  ])
  writeFileSync(file('names'), 'subjectAltName=IP:127.0.0.1,DNS:localhost\n')

  const issue = (name: string): Pair => {
    const [key, request, certificate] = [file(`${name}.key`), file(`${name}.csr`), file(`${name}.pem`)]
    openssl(['req', ...newKey(key), '-subj', `/CN=${name}`, '-out', request])
    const signer = [
      '-CA',
      file('ca.pem'),
      '-CAkey',
      file('ca.key'),
      '-CAcreateserial',
      '-extfile',
      file('names'),
    ]
    openssl(['x509', '-req', '-in', request, ...signer, '-days', '2', '-out', certificate])
    return { certificate: readFileSync(certificate), key: readFileSync(key) }
  }
  return { ca: readFileSync(file('ca.pem')), issue, remove: () => rmSync(directory, { recursive: true }) }
}

const newKey = (path: string): string[] => [
  '-newkey',
  'ec',
  '-pkeyopt',
  'ec_paramgen_curve:P-256',
  '-nodes',
  '-keyout',
  path,
]

/** @throws with what openssl says */
function openssl(args: string[]): void {
  execFileSync('openssl', args, { stdio: ['ignore', 'ignore', 'pipe'] })
}
