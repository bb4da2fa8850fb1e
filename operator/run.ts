/** Runs the operator with its servers and its lease, from start to signal. */
import { once } from 'node:events'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { ADDRESSES_AUDIENCE } from '../crds/naming/addresses.ts'
import { LeaderElection } from './apply/leader-election.ts'
import { OperatorError } from './errors.ts'
import type { ApiServer } from './gather/api-server.ts'
import { type Logger, reasonText } from './log.ts'
import { AccessLogOperator } from './operator.ts'
import type { OperatorOptions } from './options.ts'
import { addressServer } from './serve/addresses.ts'
import { healthServer } from './serve/health.ts'
import { type OperatorMetrics, exposeSources, operatorMetrics } from './serve/metrics.ts'
import { type TokenReview, Tokens } from './serve/tokens.ts'

const now = () => performance.now()
/** An event loop that stands still for so long will not recover. */
const STUCK_MS = 10_000
const REVIEW_TIMEOUT_MS = 10_000

/** Until the signal. @throws {OperatorError} when a port is taken */
export async function run(options: OperatorOptions, log: Logger, signal: AbortSignal): Promise<void> {
  const metrics = operatorMetrics()
  const operator = makeOperator(options, log, metrics)
  const election = makeElection(options, log, metrics, operator)
  exposeSources(metrics.registry, {
    isLeader: () => election.isLeader,
    queueDepths: () => operator.queueDepths,
    directory: () => operator.directory.sizes,
    observed: () => operator.objectCounts,
  })
  const servers = [health(operator, metrics), addresses(options, operator, metrics)] as const
  try {
    const ports = [
      await listen(servers[0], options.healthPort),
      await listen(servers[1], options.addressesPort),
    ]
    log.info('the operator starts', { pod: options.pod, healthPort: ports[0], addressesPort: ports[1] })
    await operator.start()
    await election.run(signal)
  } finally {
    operator.stop()
    for (const server of servers) server.close().closeAllConnections()
  }
}

function makeOperator(options: OperatorOptions, log: Logger, metrics: OperatorMetrics): AccessLogOperator {
  try {
    const operator = new AccessLogOperator(options, log, metrics)
    operator.serverUrl() // throws when no cluster is named
    return operator
  } catch (error) {
    throw new OperatorError('OPERATOR_NO_CLUSTER', { reason: reasonText(error) })
  }
}

function makeElection(
  { namespace, lease: { name, ...times }, identity }: OperatorOptions,
  log: Logger,
  metrics: OperatorMetrics,
  operator: AccessLogOperator,
): LeaderElection {
  return new LeaderElection({
    api: operator.client,
    namespace,
    name,
    identity,
    times,
    now,
    random: Math.random,
    onAcquired: (fence) => operator.lead(fence),
    onLost: () =>
      log.warn('the lease could not be renewed in time: this replica no longer leads', { lease: name }),
    onFailed: (error) => {
      metrics.leases.inc()
      log.warn('the lease could not be read or written', { lease: name, reason: reasonText(error) })
    },
  })
}

function health(operator: AccessLogOperator, { registry }: OperatorMetrics): Server {
  const delay = monitorEventLoopDelay()
  delay.enable()
  return healthServer({
    registry,
    notAlive: () => {
      const longestMs = delay.max / 1e6
      delay.reset()
      return longestMs > STUCK_MS ? `the event loop stood still for ${Math.round(longestMs)} ms` : undefined
    },
    notReady: () => {
      if (!operator.clusterSynced) return 'policies, nodes and statuses are still being read'
      return operator.directorySynced ? undefined : 'pods and Services are still being read'
    },
  })
}

function addresses(options: OperatorOptions, operator: AccessLogOperator, metrics: OperatorMetrics): Server {
  const review = (token: string) => reviewToken(operator.client, token)
  return addressServer({
    lookup: (address) => operator.directory.lookup(address),
    tokens: new Tokens({ review, agentUser: options.agentUser, now }),
    isReady: () => operator.directorySynced,
    answered: (status, asked, found) => {
      metrics.lookupRequests.inc({ status: String(status) })
      metrics.lookups.inc({ found: 'true' }, found)
      metrics.lookups.inc({ found: 'false' }, asked - found)
    },
  })
}

function reviewToken(api: ApiServer, token: string): Promise<TokenReview> {
  return api.json({
    method: 'POST',
    path: '/apis/authentication.k8s.io/v1/tokenreviews',
    body: {
      apiVersion: 'authentication.k8s.io/v1',
      kind: 'TokenReview',
      spec: { token, audiences: [ADDRESSES_AUDIENCE] },
    },
    signal: AbortSignal.timeout(REVIEW_TIMEOUT_MS),
  })
}

/** @returns the port, which the system chose when 0 was asked for */
async function listen(server: Server, port: number): Promise<number> {
  try {
    server.listen(port)
    await once(server, 'listening')
    return (server.address() as AddressInfo).port
  } catch (error) {
    throw new OperatorError('OPERATOR_LISTEN', { port: String(port), reason: reasonText(error) })
  }
}
