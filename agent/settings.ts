/** What an agent in a cluster is told by its pod: names, paths and addresses from the environment. */
import { ADDRESSES_PORT } from '../crds/naming/addresses.ts'
import { accessLogError } from './errors.ts'

export interface PodSettings {
  nodeName: string
  /** Name of the agent's own pod, for its status. */
  podName: string | undefined
  /** Where the Secrets of backends are mounted: `<folder>/<secret>/<key>`. */
  secretsFolder: string
  /** `HOST:PORT` of /livez, /readyz and /metrics; no host: all addresses. */
  healthAddress: string
  /** Asked whose remote addresses are; undefined: nobody, they go out as they are. */
  operator: { url: URL; tokenPath: string } | undefined
}

const TOKEN_PATH = '/var/run/secrets/accesslog-operator/token'

/** Throws KUBERNETES_NODE_NAME. */
export function podSettings(environment: NodeJS.ProcessEnv): PodSettings {
  const nodeName = environment['ROVER_PROCESS_DISCOVERY_KUBERNETES_NODE_NAME'] || environment['NODE_NAME']
  if (!nodeName) throw accessLogError('KUBERNETES_NODE_NAME', {})
  return {
    nodeName,
    podName: environment['POD_NAME'] || undefined,
    secretsFolder: environment['ACCESSLOG_SECRETS_PATH'] || '/etc/accesslog/secrets',
    healthAddress: environment['ACCESSLOG_HEALTH_ADDRESS'] || ':8082',
    operator: operatorOf(environment),
  }
}

function operatorOf(environment: NodeJS.ProcessEnv): PodSettings['operator'] {
  const text = environment['ACCESSLOG_OPERATOR_URL']
  if (!text) return undefined
  const url = new URL(/^https?:/.test(text) ? text : `http://${text}`)
  if (url.port === '' && url.protocol === 'http:') url.port = String(ADDRESSES_PORT)
  return { url, tokenPath: environment['ACCESSLOG_OPERATOR_TOKEN_PATH'] || TOKEN_PATH }
}
