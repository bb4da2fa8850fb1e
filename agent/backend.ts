/** From the configuration to a running sender. */
import { lookup } from 'node:dns/promises'
import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import type { AgentConfig, BackendConfig, TlsConfig } from './config/config.ts'
import { accessLogError, reasonOf } from './errors.ts'
import type { Pem, Rotation } from './flush/channel.ts'
import { encodeNode, readNetInterfaces } from './flush/node.ts'
import { Sender } from './flush/sender.ts'
import { SENDER_DEFAULTS, type SenderSettings } from './flush/settings.ts'
import type { SenderStatus } from './flush/status.ts'
import type { Logger } from './report/logger.ts'

export interface BackendEnvironment {
  /** Name of the node, unless the configuration has one. */
  hostName: string
  bootTimeNs: bigint
  logger: Logger
  /** A name that is not known (yet) is trouble like any other, not an error. */
  retriesName?: boolean
}

/** DNS that is only just coming up gets this many tries. */
const LOOKUP_ATTEMPTS = 3
const LOOKUP_RETRY_MS = 1_000

/** A name that nobody knows is a typing error, and better said at once. Throws BACKEND_NAME_UNKNOWN. */
async function assertKnown(host: string): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      await lookup(host)
      return
    } catch (cause) {
      const temporary = (cause as NodeJS.ErrnoException).code === 'EAI_AGAIN'
      if (!temporary || attempt === LOOKUP_ATTEMPTS)
        throw accessLogError('BACKEND_NAME_UNKNOWN', { host, reason: reasonOf(cause) }, { cause })
      await sleep(LOOKUP_RETRY_MS)
    }
  }
}

/** Begins to connect. Throws BACKEND_NAME_UNKNOWN, and CONFIG_INVALID for unusable certificates. */
export async function startSender(
  config: AgentConfig,
  backend: BackendConfig,
  { hostName, bootTimeNs, logger, retriesName = false }: BackendEnvironment,
): Promise<Sender> {
  if (!retriesName) await assertKnown(backend.host)
  const node = encodeNode({
    name: config.nodeName || hostName,
    netInterfaces: readNetInterfaces(),
    bootTimeNs,
    clusterName: config.clusterName,
    excludeNamespaces: config.excludeNamespaces,
  })
  const onStatus = (status: SenderStatus) => logStatus(backend, status, logger)
  try {
    const rotation = rotationOf(backend, logger)
    return await Sender.start(settingsOf(config, backend, node), { random: Math.random, onStatus, rotation })
  } catch (cause) {
    const details = [`core.backend: ${reasonOf(cause)}`]
    throw accessLogError('CONFIG_INVALID', { count: '1 problem' }, { details, cause })
  }
}

function settingsOf(config: AgentConfig, backend: BackendConfig, node: Uint8Array): SenderSettings {
  const { tls } = backend
  return {
    ...SENDER_DEFAULTS,
    node,
    periodMs: config.flush.periodMs,
    address: `${backend.host.includes(':') ? `[${backend.host}]` : backend.host}:${backend.port}`,
    enableTls: tls !== undefined,
    insecureSkipVerify: tls?.insecureSkipVerify ?? false,
    authentication: backend.authentication,
    ...pemOf(tls),
  }
}

function pemOf(tls: TlsConfig | undefined): Pem {
  return {
    ...(tls?.client && {
      clientPem: readFileSync(tls.client.certificatePath),
      clientKey: readFileSync(tls.client.keyPath),
    }),
    ...(tls?.caPath && { caPem: readFileSync(tls.caPath) }),
  }
}

/** Attempts to connect repeat: the same reason is told once. */
function rotationOf({ tls }: BackendConfig, logger: Logger): Rotation {
  let told = ''
  return {
    read: () => pemOf(tls),
    unusable: (error) => {
      const reason = reasonOf(error)
      if (reason !== told)
        logger.warn('the PEM files of before are used: those that are there cannot be', { reason })
      told = reason
    },
  }
}

function logStatus({ host, port }: BackendConfig, { state, problem }: SenderStatus, logger: Logger): void {
  const backend = `${host}:${port}`
  if (problem === undefined) logger.info(`backend ${state}`, { backend })
  else logger.warn(problem.message, { backend, code: problem.code, state })
}
