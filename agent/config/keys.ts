/** The one table of configuration keys: parsing, validation, docs/reference/config.md and the messages follow it. */
import { boolean, duration, hostPort, integer, list, size, text, type Kind } from './kinds.ts'

export interface Key<Value> {
  /** Path in the YAML file. */
  path: string
  /** Environment variable. */
  environment: string
  kind: Kind<Value>
  /** Default, in the form a user would write. */
  fallback: string
  /** Default of `run --standalone`, where it differs. */
  standalone?: string
  /** What it does, in a sentence. */
  sentence: string
  /** Other paths that mean the same. */
  aliases?: readonly string[]
  /** Never shown, logged or repeated in a message. */
  secret?: true
}

const namespaces = list('namespace names, comma separated', /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/)
const clusters = list('cluster names without "::", comma separated', /^(?!.*::)/)
const path = text('a path, or empty', /^[^\0]*$/)

export const KEYS = {
  active: {
    path: 'access_log.active',
    environment: 'ROVER_ACCESS_LOG_ACTIVE',
    kind: boolean(),
    fallback: 'false',
    standalone: 'true',
    sentence: 'Whether anything is captured.',
  },
  excludeNamespaces: {
    path: 'access_log.exclude_namespaces',
    environment: 'ROVER_ACCESS_LOG_EXCLUDE_NAMESPACES',
    kind: namespaces,
    fallback: 'istio-system,cert-manager,kube-system',
    sentence: 'Workloads in these namespaces are not captured.',
  },
  excludeClusters: {
    path: 'access_log.exclude_cluster',
    environment: 'ROVER_ACCESS_LOG_EXCLUDE_CLUSTER',
    kind: clusters,
    fallback: '',
    sentence:
      'Workloads whose service name starts with one of these clusters (before `::`) are not captured.',
  },
  flushMaxCount: {
    path: 'access_log.flush.max_count',
    environment: 'ROVER_ACCESS_LOG_FLUSH_MAX_COUNT',
    kind: integer(1, 1_000_000),
    fallback: '2000',
    sentence: 'Logs are flushed when this many wait.',
  },
  flushPeriodMs: {
    path: 'access_log.flush.period',
    environment: 'ROVER_ACCESS_LOG_FLUSH_PERIOD',
    kind: duration('100ms', '10m'),
    fallback: '5s',
    sentence: 'Logs are flushed at the latest after this time.',
  },
  perCpuBufferBytes: {
    path: 'access_log.protocol_analyze.per_cpu_buffer',
    environment: 'ROVER_ACCESS_LOG_PROTOCOL_ANALYZE_PER_CPU_BUFFER',
    kind: size('4KB', '64MB'),
    fallback: '400KB',
    sentence: 'Kernel ring buffer per CPU; each ring is rounded up to a power of two of pages.',
  },
  parallels: {
    path: 'access_log.protocol_analyze.parallels',
    environment: 'ROVER_ACCESS_LOG_PROTOCOL_ANALYZE_PARALLELS',
    kind: integer(1, 64),
    fallback: '2',
    sentence: 'Protocol analyzers that run side by side; a connection belongs to one of them.',
    aliases: ['access_log.protocol_analyze.analyze_parallels'],
  },
  queueSize: {
    path: 'access_log.protocol_analyze.queue_size',
    environment: 'ROVER_ACCESS_LOG_PROTOCOL_ANALYZE_QUEUE_SIZE',
    kind: integer(1, 1_000_000),
    fallback: '5000',
    sentence: 'Records that may wait for an analyzer; beyond that the kernel buffer fills.',
  },
  clusterName: {
    path: 'core.cluster_name',
    environment: 'ROVER_CORE_CLUSTER_NAME',
    kind: text('a name without "::", or empty', /^(?!.*::)/),
    fallback: '',
    sentence: 'Cluster name; prefixes every service name as `<cluster>::`.',
  },
  backendAddress: {
    path: 'core.backend.addr',
    environment: 'ROVER_BACKEND_ADDR',
    kind: hostPort(),
    fallback: 'localhost:11800',
    standalone: 'none',
    sentence: 'SkyWalking OAP (gRPC) that receives the logs; `none` sends nothing.',
  },
  tlsEnabled: {
    path: 'core.backend.enable_TLS',
    environment: 'ROVER_BACKEND_ENABLE_TLS',
    kind: boolean(),
    fallback: 'false',
    sentence: 'Speak TLS with the backend.',
  },
  clientPemPath: {
    path: 'core.backend.client_pem_path',
    environment: 'ROVER_BACKEND_PEM_PATH',
    kind: path,
    fallback: '',
    sentence: 'Client certificate (PEM); together with client_key_path.',
  },
  clientKeyPath: {
    path: 'core.backend.client_key_path',
    environment: 'ROVER_BACKEND_KEY_PATH',
    kind: path,
    fallback: '',
    sentence: 'Key of the client certificate (PEM).',
  },
  caPemPath: {
    path: 'core.backend.ca_pem_path',
    environment: 'ROVER_BACKEND_CA_PEM_PATH',
    kind: path,
    fallback: '',
    sentence: 'Certificates (PEM) that vouch for the backend; empty means the well-known authorities.',
  },
  insecureSkipVerify: {
    path: 'core.backend.insecure_skip_verify',
    environment: 'ROVER_BACKEND_INSECURE_SKIP_VERIFY',
    kind: boolean(),
    fallback: 'false',
    sentence: 'Accept any certificate of the backend.',
  },
  authentication: {
    path: 'core.backend.authentication',
    environment: 'ROVER_BACKEND_AUTHENTICATION',
    kind: text('printable ASCII, or empty', /^[\x20-\x7e]*$/),
    fallback: '',
    sentence: 'Token sent as call metadata `Authentication`; never logged.',
    secret: true,
  },
  nodeName: {
    path: 'process_discovery.kubernetes.node_name',
    environment: 'ROVER_PROCESS_DISCOVERY_KUBERNETES_NODE_NAME',
    kind: text('a name of at most 253 characters, or empty', /^.{0,253}$/),
    fallback: '',
    sentence: 'Name of this node; empty means the host name.',
  },
} as const satisfies Record<string, Key<unknown>>

export type KeyName = keyof typeof KEYS

/** The value of every key, flat. */
export type Values = {
  [Name in KeyName]: (typeof KEYS)[Name]['kind'] extends Kind<infer Value> ? Value : never
}

export const KEY_NAMES = Object.keys(KEYS) as KeyName[]

/** The row of a key, with its optional members visible. */
export function keyOf(name: KeyName): Key<unknown> {
  return KEYS[name]
}

/**
 * Keys of a Rover configuration file that have no meaning here: a file that holds them is accepted, and they are
 * reported as ignored. A path stands for everything below it.
 */
export const IGNORED_PATHS: readonly string[] = [
  'logger',
  'profiling',
  'pprof',
  'access_log.connection_analyze',
  'access_log.protocol_analyze.parse_parallels',
  'core.backend.check_period',
  'process_discovery.heartbeat_period',
  'process_discovery.properties_report_period',
  'process_discovery.kubernetes.active',
  'process_discovery.kubernetes.namespaces',
  'process_discovery.kubernetes.analyzers',
]
