/** Policies as the API server would have defaulted them, for tests of plans. */
import type { AccessLogPolicySpec } from '../../../crds/gen/accesslogpolicy.ts'

export function policySpec(changes: Partial<AccessLogPolicySpec> = {}): AccessLogPolicySpec {
  return {
    active: true,
    priority: 0,
    nodeSelector: {},
    exclude: { namespaces: ['kube-system', 'cert-manager'], clusters: [], probes: false },
    flush: { maxCount: 2000, period: '5s' },
    protocolAnalyze: { perCPUBuffer: '400KB', parallels: 2, queueSize: 5000 },
    collectors: { connections: true, protocols: ['HTTP2', 'HTTP1'], tls: ['OpenSSL'], layers: true },
    ...changes,
  }
}

export const BACKEND = { address: 'oap.skywalking:11800' }
export const DEFAULTS = { clusterName: 'east', backend: BACKEND }
