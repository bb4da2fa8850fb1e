/** The kubelet's probes of a pod, and which traffic they are. Pure. */
import type { ContainerSpec, Probe } from './pod.ts'

/** What one probe looks like on the wire. */
export interface ProbeRule {
  readonly kind: 'http' | 'tcp' | 'grpc'
  readonly port: number
  /** Of the request, without its query, which logs do not have either; empty for tcp. */
  readonly path: string
}

/** One request as its server sees it, or a connection on which nothing was said. */
export interface ProbeCandidate {
  /** Port of the watched process. */
  localPort: number
  remoteAddress: string
  /** Undefined: the connection carried no request. */
  request: { method: string; path: string } | undefined
}

/** What the kubelet calls of a gRPC server. */
const GRPC_HEALTH_CHECK = '/grpc.health.v1.Health/Check'

/** The rules of all probes of these containers; one whose port has a name that no container gives is left out. */
export function probeRules(containers: readonly ContainerSpec[]): ProbeRule[] {
  const rules = containers.flatMap((container) =>
    [container.livenessProbe, container.readinessProbe, container.startupProbe].flatMap(
      (probe) => (probe && ruleOf(probe, container)) ?? [],
    ),
  )
  const seen = new Set<string>()
  return rules.filter((rule) => {
    const key = `${rule.kind} ${rule.port} ${rule.path}`
    return !seen.has(key) && seen.add(key)
  })
}

/**
 * Whether this is a probe: it comes from the node, to a port and with a path that a probe of the pod has. The user
 * agent proves nothing, everyone can send it.
 * @param nodeAddresses all addresses of the node, since a kubelet speaks from the one nearest to the pod
 */
export function isProbe(
  { localPort, remoteAddress, request }: ProbeCandidate,
  rules: readonly ProbeRule[],
  nodeAddresses: ReadonlySet<string>,
): boolean {
  if (!nodeAddresses.has(remoteAddress)) return false
  return rules.some((rule) => rule.port === localPort && matches(rule, request))
}

function matches({ kind, path }: ProbeRule, request: ProbeCandidate['request']): boolean {
  if (kind === 'tcp') return request === undefined
  const method = kind === 'http' ? 'GET' : 'POST'
  return request?.method === method && request.path === path
}

/** A probe with a host of its own does not go to the pod. */
function ruleOf({ httpGet, tcpSocket, grpc }: Probe, container: ContainerSpec): ProbeRule | undefined {
  if (httpGet !== undefined && !httpGet.host)
    return withPort('http', httpGet.port, httpPath(httpGet.path), container)
  if (tcpSocket !== undefined && !tcpSocket.host) return withPort('tcp', tcpSocket.port, '', container)
  return grpc && withPort('grpc', grpc.port, GRPC_HEALTH_CHECK, container)
}

function withPort(
  kind: ProbeRule['kind'],
  port: number | string,
  path: string,
  { ports = [] }: ContainerSpec,
): ProbeRule | undefined {
  const number =
    typeof port === 'number' ? port : (ports.find(({ name }) => name === port)?.containerPort ?? Number(port))
  return Number.isInteger(number) ? { kind, port: number, path } : undefined
}

/** As the kubelet requests it. */
function httpPath(text = ''): string {
  const path = /^[^?#]*/.exec(text)?.[0] ?? ''
  return path.startsWith('/') ? path : `/${path}`
}
