/** The cluster's own authority and the certificates that it issues, by openssl(1). All are P-256 and last 30 days. */
import { execFile } from 'node:child_process'
import { generateKeyPairSync } from 'node:crypto'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'

const DAYS = 30
const run = promisify(execFile)

export interface Subject {
  /** Names the files, and for clients the user in RBAC. */
  commonName: string
  /** For clients: the group in RBAC. */
  organization?: string
  /** `DNS:name` and `IP:address`. */
  alternativeNames?: readonly string[]
}

export interface Certificate {
  certificateFile: string
  keyFile: string
}

export class Authority implements Certificate {
  readonly certificateFile: string
  readonly keyFile: string
  readonly #folder: string

  private constructor(folder: string) {
    this.#folder = folder
    this.certificateFile = join(folder, 'ca.crt')
    this.keyFile = join(folder, 'ca.key')
  }

  /** Makes a new authority in this folder. */
  static async create(folder: string): Promise<Authority> {
    await mkdir(folder, { recursive: true, mode: 0o700 })
    const authority = new Authority(folder)
    const extensions = ['basicConstraints=critical,CA:TRUE', 'keyUsage=critical,keyCertSign,cRLSign']
    await request(folder, 'ca', { commonName: 'cluster-ca' }, extensions, [])
    return authority
  }

  /** Issues a certificate for clients, servers or both. @param file name of the files, without ending */
  async issue(file: string, subject: Subject): Promise<Certificate> {
    const names = subject.alternativeNames?.join(',')
    const extensions = [
      'basicConstraints=critical,CA:FALSE',
      'keyUsage=critical,digitalSignature',
      'extendedKeyUsage=clientAuth,serverAuth',
      ...(names === undefined ? [] : [`subjectAltName=${names}`]),
    ]
    const signer = ['-CA', this.certificateFile, '-CAkey', this.keyFile]
    return request(this.#folder, file, subject, extensions, signer)
  }
}

/** Keys that sign service-account tokens: the API server's own, apart from the authority. */
export async function createTokenKeys(folder: string): Promise<{ privateFile: string; publicFile: string }> {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const [privateFile, publicFile] = [join(folder, 'tokens.key'), join(folder, 'tokens.pub')]
  await writeFile(privateFile, privateKey.export({ type: 'sec1', format: 'pem' }), { mode: 0o600 })
  await writeFile(publicFile, publicKey.export({ type: 'spki', format: 'pem' }))
  return { privateFile, publicFile }
}

async function request(
  folder: string,
  file: string,
  subject: Subject,
  extensions: readonly string[],
  signer: readonly string[],
): Promise<Certificate> {
  const [certificateFile, keyFile, config] = ['crt', 'key', 'cnf'].map((ending) =>
    join(folder, `${file}.${ending}`),
  ) as [string, string, string]
  const name = [
    `CN=${subject.commonName}`,
    ...(subject.organization === undefined ? [] : [`O=${subject.organization}`]),
  ]
  await writeFile(
    config,
    `[req]\nprompt=no\ndistinguished_name=name\n[name]\n${name.join('\n')}\n[extensions]\n${extensions.join('\n')}\n`,
  )
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', keyFile]
  const output = ['-out', certificateFile, '-days', String(DAYS)]
  const rules = ['-config', config, '-extensions', 'extensions']
  await run('openssl', ['req', '-x509', ...key, ...output, ...rules, ...signer])
  return { certificateFile, keyFile }
}
