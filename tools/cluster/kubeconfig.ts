/** kubeconfig files, with the certificates in them, so that they can be copied. */
import { readFile, writeFile } from 'node:fs/promises'
import { stringify } from 'yaml'
import type { Certificate } from './certificates.ts'

/** Writes a kubeconfig with one context. Only its owner can read it: it holds a key. @param url of the API server */
export async function writeKubeconfig(
  file: string,
  cluster: string,
  url: string,
  authority: Certificate,
  client: Certificate,
): Promise<void> {
  const base64 = (path: string) => readFile(path, 'base64')
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': cluster,
    clusters: [
      {
        name: cluster,
        cluster: { server: url, 'certificate-authority-data': await base64(authority.certificateFile) },
      },
    ],
    users: [
      {
        name: cluster,
        user: {
          'client-certificate-data': await base64(client.certificateFile),
          'client-key-data': await base64(client.keyFile),
        },
      },
    ],
    contexts: [{ name: cluster, context: { cluster, user: cluster } }],
  }
  await writeFile(file, stringify(config), { mode: 0o600 })
}
