/** The connection to the backend: addresses, credentials and the settings of @grpc/grpc-js. */
import {
  type ChannelCredentials,
  type ChannelOptions,
  Client,
  type ClientWritableStream,
  Metadata,
  type ServiceError,
  credentials,
} from '@grpc/grpc-js'
import { X509Certificate } from 'node:crypto'
import { sendAsWritten } from './coalesce.ts'
import { BackendSettingError } from './problem.ts'

const COLLECT = '/skywalking.v3.EBPFAccessLogService/collect'

/** Contents of PEM files. */
export interface Pem {
  /** Certificate of this client and its key, PEM; both or none. */
  clientPem?: Buffer
  clientKey?: Buffer
  /** Certificates that may sign the server's, PEM; without it the well-known ones. */
  caPem?: Buffer
}

export interface BackendSettings extends Pem {
  /** host:port. */
  address: string
  enableTls: boolean
  /** Accept any certificate and name. */
  insecureSkipVerify: boolean
  /** Token sent as `Authentication`; empty: none. */
  authentication: string
}

const OPTIONS: ChannelOptions = {
  // What was not confirmed is sent again by the sender, which knows where a message ends; the library's buffer for
  // retries would also call a write done that is still waiting for the peer, and hide its back-pressure.
  'grpc.enable_retries': 0,
  'grpc.per_rpc_retry_buffer_size': 0,
  // Each channel its own connection: a new one tries at once, whatever an earlier one went through.
  'grpc.use_local_subchannel_pool': 1,
  // For connections that idle. A backend of grpc-java, which OAP is, closes those that ask more than every 5 minutes.
  'grpc.keepalive_time_ms': 330_000,
  'grpc.keepalive_timeout_ms': 20_000,
  'grpc.service_config_disable_resolution': 1,
}

/** One channel. Calls outlive `close`; no new ones can be opened after it. */
export class Channel {
  /** Whether `open` calls take buffers of framed messages; else single messages without their header. */
  readonly sendsAsWritten: boolean
  /** Write buffers of streams that are over, for the next ones. */
  readonly spareBuffers: Buffer[] = []
  readonly #client: Client
  readonly #metadata: Metadata

  constructor(client: Client, metadata: Metadata, coalesce: boolean) {
    this.#client = client
    this.#metadata = metadata
    this.sendsAsWritten = coalesce
    if (coalesce) sendAsWritten(client)
  }

  /** Begins a collect call. @param onEnd called once: null after the backend's answer, else why there is none */
  open(onEnd: (error: ServiceError | null) => void): ClientWritableStream<Buffer> {
    const asIs = (bytes: Buffer): Buffer => bytes
    return this.#client.makeClientStreamRequest(COLLECT, asIs, asIs, this.#metadata, onEnd)
  }

  /** @param then called once, when there is a connection; not at all when the deadline or `close` comes first */
  whenReady(deadlineMs: number, then: () => void): void {
    this.#client.waitForReady(Date.now() + deadlineMs, (error) => {
      if (!error) then()
    })
  }

  close(): void {
    this.#client.close()
  }
}

/** PEM files are replaced where they are, before their certificates end. */
export interface Rotation {
  /** As they are now. Throws when one cannot be read. */
  read: () => Pem
  /** What is there cannot be used; a connection is made with what was there before. */
  unusable: (error: Error) => void
}

/**
 * Checks the settings once and returns what makes channels from them, each with the PEM files of its time. A connection
 * that is open goes on: it was made with what was right then, and nothing is lost by a rotation that is not complete.
 * @param coalesce what `canSendAsWritten` said @throws BackendSettingError
 */
export function channelMaker(
  settings: BackendSettings,
  coalesce: boolean,
  rotation?: Rotation,
): () => Channel {
  const metadata = metadataOf(settings)
  let current = credentialsOf(settings)
  return () => {
    if (rotation && settings.enableTls) current = renewed(settings, rotation) ?? current
    return new Channel(new Client(settings.address, current, OPTIONS), metadata, coalesce)
  }
}

function renewed(settings: BackendSettings, { read, unusable }: Rotation): ChannelCredentials | undefined {
  try {
    return credentialsOf({ ...settings, ...read() })
  } catch (error) {
    unusable(error as Error)
    return undefined
  }
}

function metadataOf({ authentication }: BackendSettings): Metadata {
  const metadata = new Metadata()
  if (authentication === '') return metadata
  try {
    metadata.set('Authentication', authentication)
  } catch (cause) {
    throw new BackendSettingError('core.backend.authentication must be printable ASCII', { cause })
  }
  return metadata
}

function credentialsOf(settings: BackendSettings): ChannelCredentials {
  if (!settings.enableTls) return credentials.createInsecure()
  const { caPem, clientKey, clientPem, insecureSkipVerify } = settings
  const verify = insecureSkipVerify ? { rejectUnauthorized: false, checkServerIdentity: () => undefined } : {}
  try {
    // Node ignores what is not a certificate; it would only show as a server that is not trusted.
    for (const pem of [caPem, clientPem]) if (pem) new X509Certificate(pem)
    return credentials.createSsl(caPem ?? null, clientKey ?? null, clientPem ?? null, verify)
  } catch (cause) {
    const { message } = cause as Error
    throw new BackendSettingError(`the PEM files of core.backend cannot be used: ${message}`, { cause })
  }
}
