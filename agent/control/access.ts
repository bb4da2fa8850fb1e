/** How to reach the API server: from inside a pod, or by a kubeconfig file. */
import { readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { parse } from 'yaml'
import { accessLogError, reasonOf } from '../errors.ts'

/** Secrets are read when they are needed: projected tokens and certificates change while the agent runs. */
export interface ApiAccess {
  /** `https://HOST:PORT`, a path is allowed. */
  server: URL
  /** PEM; undefined: the well-known authorities. */
  ca: () => Buffer | undefined
  /** Bearer token; undefined: none. */
  token: () => string | undefined
  /** Client certificate and key, PEM; undefined: none. */
  client: { cert: Buffer; key: Buffer } | undefined
}

/** Where Kubernetes puts the credentials of a pod. */
export const SERVICE_ACCOUNT_FOLDER = '/var/run/secrets/kubernetes.io/serviceaccount'

/**
 * The access of a pod: KUBERNETES_SERVICE_HOST and _PORT, and the mounted service account.
 * Throws KUBERNETES_ACCESS when something of it is missing.
 */
export function podAccess(environment: NodeJS.ProcessEnv, folder = SERVICE_ACCOUNT_FOLDER): ApiAccess {
  const host = environment['KUBERNETES_SERVICE_HOST']
  const port = environment['KUBERNETES_SERVICE_PORT'] || '443'
  if (!host) throw accessLogError('KUBERNETES_ACCESS', { reason: 'KUBERNETES_SERVICE_HOST is not set' })
  const readable = (name: string) => readAccess(`${folder}/${name}`)
  readable('token')
  readable('ca.crt')
  return {
    server: new URL(`https://${host.includes(':') ? `[${host}]` : host}:${port}`),
    ca: () => readable('ca.crt'),
    token: () => readable('token').toString('utf8').trim(),
    client: undefined,
  }
}

interface Kubeconfig {
  'current-context'?: string
  contexts?: Named<'context', { cluster?: string; user?: string }>[]
  clusters?: Named<'cluster', Record<string, string | undefined>>[]
  users?: Named<'user', Record<string, string | undefined>>[]
}

type Named<Kind extends string, Value> = { name: string } & { [Key in Kind]: Value }

/**
 * The access of the current context of a kubeconfig file: certificates, tokens and token files; no plugins.
 * Throws KUBERNETES_ACCESS.
 */
export function kubeconfigAccess(path: string): ApiAccess {
  const config = parseKubeconfig(path)
  const name = config['current-context']
  const context = config.contexts?.find((one) => one.name === name)?.context
  const cluster = config.clusters?.find((one) => one.name === context?.cluster)?.cluster
  const user = config.users?.find((one) => one.name === context?.user)?.user ?? {}
  if (!cluster?.['server'])
    throw accessLogError('KUBERNETES_ACCESS', { reason: `${path} has no usable current-context` })
  const material = (owner: Record<string, string | undefined>, key: string): Buffer | undefined => {
    const data = owner[`${key}-data`]
    const file = owner[key]
    if (data !== undefined) return Buffer.from(data, 'base64')
    return file === undefined ? undefined : readAccess(resolve(dirname(path), file))
  }
  const tokenFile = user['tokenFile']
  const cert = material(user, 'client-certificate')
  const key = material(user, 'client-key')
  return {
    server: new URL(cluster['server']),
    ca: () => material(cluster, 'certificate-authority'),
    token: () =>
      tokenFile === undefined
        ? user['token']
        : readAccess(resolve(dirname(path), tokenFile))
            .toString('utf8')
            .trim(),
    client: cert && key && { cert, key },
  }
}

function parseKubeconfig(path: string): Kubeconfig {
  try {
    return (parse(readAccess(path).toString('utf8')) ?? {}) as Kubeconfig
  } catch (cause) {
    throw accessLogError('KUBERNETES_ACCESS', { reason: reasonOf(cause) }, { cause })
  }
}

function readAccess(path: string): Buffer {
  try {
    return readFileSync(path)
  } catch (cause) {
    throw accessLogError(
      'KUBERNETES_ACCESS',
      { reason: `${path} cannot be read: ${reasonOf(cause)}` },
      { cause },
    )
  }
}
