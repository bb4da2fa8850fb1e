/** What the operator counts, for Prometheus. Names are documented in docs/reference/operator.md. */
import { Counter, Gauge, Histogram, Registry, collectDefaultMetrics } from 'prom-client'
import { ApiError } from '../gather/api-error.ts'
import type { ApiObserver } from '../gather/api-server.ts'
import type { ReflectorObserver } from '../gather/reflector.ts'
import type { WorkKind } from '../reconcile/reconciler.ts'

const PREFIX = 'accesslog_operator_'

/** Values that are read when they are asked for. */
export interface MetricSources {
  isLeader: () => boolean
  queueDepths: () => Partial<Record<WorkKind, number>>
  directory: () => { pods: number; services: number; workloads: number }
  observed: () => Record<string, number>
}

export function operatorMetrics() {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  const registers = [registry]
  const counter = <L extends string>(name: string, help: string, ...labelNames: L[]) =>
    new Counter({ name: PREFIX + name, help, labelNames, registers })
  const histogram = <L extends string>(name: string, help: string, ...labelNames: L[]) =>
    new Histogram({
      name: PREFIX + name,
      help,
      labelNames,
      registers,
      buckets: [0.005, 0.02, 0.1, 0.5, 2, 10],
    })
  const requests = histogram(
    'api_request_seconds',
    'Requests to the API server until the answer began.',
    'method',
    'status',
  )
  return {
    registry,
    lists: counter('lists_total', 'Whole lists read from the API server.', 'resource'),
    watchEnds: counter('watch_ends_total', 'Watches that ended, for whatever reason.', 'resource'),
    watchErrors: counter('watch_errors_total', 'Lists and watches that failed.', 'resource', 'reason'),
    reconciles: histogram('reconcile_seconds', 'Work on one key.', 'kind'),
    reconcileErrors: counter(
      'reconcile_errors_total',
      'Work that failed and is tried again.',
      'kind',
      'reason',
    ),
    eventErrors: counter('event_errors_total', 'Events for users that could not be written.'),
    leases: counter('lease_errors_total', 'Attempts to hold the lease that failed.'),
    lookups: counter('address_lookups_total', 'Addresses that agents asked for.', 'found'),
    lookupRequests: counter('address_requests_total', 'Requests of agents, by answer.', 'status'),
    requests,
  }
}

export type OperatorMetrics = ReturnType<typeof operatorMetrics>

/** Adds the values that are read when they are asked for. */
export function exposeSources(registry: Registry, sources: MetricSources): void {
  const gauge = (
    name: string,
    help: string,
    label: string | undefined,
    read: () => Record<string, number>,
  ) => {
    const labelNames = label === undefined ? [] : [label]
    const made: Gauge = new Gauge({
      name: PREFIX + name,
      help,
      labelNames,
      registers: [registry],
      collect: () => {
        for (const [key, value] of Object.entries(read())) {
          if (label === undefined) made.set(value)
          else made.set({ [label]: key }, value)
        }
      },
    })
  }
  gauge('leader', '1 while this replica leads.', undefined, () => ({ value: Number(sources.isLeader()) }))
  gauge('queue_depth', 'Keys that wait for work.', 'kind', sources.queueDepths)
  gauge(
    'directory_entries',
    'Addresses that are known, and workloads behind them.',
    'what',
    sources.directory,
  )
  gauge('objects', 'Objects that are known.', 'resource', sources.observed)
}

/** Counts what reflectors and requests tell. */
export function apiObservers(metrics: OperatorMetrics): {
  request: ApiObserver
  reflector: ReflectorObserver
} {
  return {
    request: (method, status, durationMs) =>
      metrics.requests.observe({ method, status: String(status) }, durationMs / 1000),
    reflector: {
      listed: (resource) => metrics.lists.inc({ resource }),
      watchEnded: (resource) => metrics.watchEnds.inc({ resource }),
      failed: (resource, error) => metrics.watchErrors.inc({ resource, reason: reasonOf(error) }),
    },
  }
}

/** A word for a label: the status of an answer, else the code of what went wrong. */
export function reasonOf(error: unknown): string {
  if (error instanceof ApiError) return String(error.status)
  const { code, cause } = error as { code?: unknown; cause?: { code?: unknown } }
  const word = code ?? cause?.code
  return typeof word === 'string' ? word : 'other'
}
