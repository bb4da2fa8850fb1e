/** Values that the tests of the outputs begin with. */
import type { ConnectionFacts } from '../../../agent/connections/connection.ts'
import type { ConnectionView, KernelLog, Workload } from '../../../agent/logs/model.ts'
import type { Exchange } from '../../../agent/protocols/analyzer.ts'

export const FACTS: ConnectionFacts = {
  id: 1,
  sock: 1n,
  pid: 7,
  comm: 'nginx',
  cgroupId: 0,
  origin: 'accept',
  local: { address: '10.0.0.1', port: 80 },
  remote: { address: '10.0.0.2', port: 40_000 },
  netns: 1,
  success: true,
  startNs: 0,
  endNs: 0,
}

export const NGINX: Workload = {
  service: 'nginx.service',
  pod: 'web-1',
  container: '',
  process: 'nginx',
  pid: 7,
}

export const VIEW: ConnectionView = {
  role: 'server',
  tls: false,
  protocol: 'HTTP/1',
  local: { address: '10.0.0.1', port: 80, workload: NGINX },
  remote: { address: '10.0.0.2', port: 40_000, workload: undefined },
}

export const EXCHANGE: Exchange = {
  startNs: 1_000_000_000,
  endNs: 1_001_500_000,
  method: 'GET',
  path: '/a',
  host: 'example.org',
  version: 'HTTP/1.1',
  requestHeaderBytes: 78,
  requestBodyBytes: 0,
  status: 200,
  grpcStatus: undefined,
  responseHeaderBytes: 230,
  responseBodyBytes: 600,
  trace: undefined,
  incomplete: [],
}

export const READ: KernelLog = {
  kind: 'read',
  startNs: 1_000_000_000,
  endNs: 1_000_001_000,
  success: true,
  syscall: 3,
  bytes: 78,
  count: 1,
}
