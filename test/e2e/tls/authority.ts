/** A certificate authority that lives as long as a test file, and a certificate of it for this machine. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Authority, type Certificate } from '../../../tools/cluster/certificates.ts'

export interface TestAuthority {
  /** Certificate of the authority, for clients to trust. */
  readonly file: string
  /** For 127.0.0.1, ::1 and localhost. */
  readonly server: Certificate
  remove(): Promise<void>
}

export async function testAuthority(): Promise<TestAuthority> {
  const folder = await mkdtemp(join(tmpdir(), 'e2e-tls-'))
  const authority = await Authority.create(folder)
  const server = await authority.issue('server', {
    commonName: 'localhost',
    alternativeNames: ['DNS:localhost', 'IP:127.0.0.1', 'IP:::1'],
  })
  return {
    file: authority.certificateFile,
    server,
    remove: () => rm(folder, { recursive: true, force: true }),
  }
}
