import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'ava'
import { effectiveConfig } from '../../../agent/control/effective.ts'
import type { Environment } from '../../../agent/config/given.ts'
import type { AccessLogConfigSpec } from '../../../crds/gen/accesslogconfig.ts'
import { config } from '../../e2e/kubernetes/objects.ts'
import { temporaryFolder } from '../workloads/tree.ts'

const specOf = (changes: Partial<AccessLogConfigSpec> = {}): AccessLogConfigSpec => ({
  ...(config('default', 'oap:11800', { exclude: { namespaces: ['bank', 'kube-system'] } })
    .spec as AccessLogConfigSpec),
  ...changes,
})
const effective = (spec: AccessLogConfigSpec, environment: Environment = {}, secretsFolder = '/none') =>
  effectiveConfig({ name: 'default', spec, environment, nodeName: 'node-1', secretsFolder })

test('what is assigned is what counts', (t) => {
  const spec = specOf()
  const { config: made, hash, name, overrides, excludeProbes } = effective(spec)
  t.like(made, {
    active: true,
    excludeNamespaces: ['bank', 'kube-system'],
    excludeClusters: [],
    flush: { maxCount: 2000, periodMs: 200 },
    protocolAnalyze: { perCpuBufferBytes: 409_600, parallels: 2, queueSize: 5000 },
    clusterName: 'prod',
    nodeName: 'node-1',
  })
  t.is(made.backend?.address, 'oap:11800')
  t.deepEqual([hash, name, overrides, excludeProbes], [spec.hash, 'default', [], false])
})

test('an empty list of namespaces excludes none', (t) => {
  const { config: made } = effective(specOf({ exclude: { namespaces: [], clusters: ['old'], probes: true } }))
  t.deepEqual(made.excludeNamespaces, [])
  t.deepEqual(made.excludeClusters, ['old'])
})

test('the environment wins, and is reported by the field it changes', (t) => {
  const { config: made, overrides } = effective(specOf(), {
    ROVER_ACCESS_LOG_EXCLUDE_NAMESPACES: '',
    ROVER_ACCESS_LOG_FLUSH_PERIOD: '10s',
    ROVER_BACKEND_AUTHENTICATION: 'secret',
    ROVER_CORE_CLUSTER_NAME: 'prod',
  })
  t.deepEqual(made.excludeNamespaces, [])
  t.is(made.flush.periodMs, 10_000)
  t.deepEqual(overrides, [
    { field: 'exclude.namespaces', value: '', source: 'ROVER_ACCESS_LOG_EXCLUDE_NAMESPACES' },
    { field: 'flush.periodMs', value: '10s', source: 'ROVER_ACCESS_LOG_FLUSH_PERIOD' },
    { field: 'backend.authentication', value: '(hidden)', source: 'ROVER_BACKEND_AUTHENTICATION' },
  ])
})

test('a bad variable is named, with what is allowed', (t) => {
  const error = t.throws(() => effective(specOf(), { ROVER_ACCESS_LOG_FLUSH_MAX_COUNT: 'many' }), {
    code: 'CONFIG_INVALID',
  })
  t.deepEqual((error as Error & { details: string[] }).details, [
    'ROVER_ACCESS_LOG_FLUSH_MAX_COUNT: access_log.flush.max_count is "many" but must be an integer from 1 to 1000000',
  ])
})

test('secrets are read where they are mounted', (t) => {
  const secrets = temporaryFolder(t)
  mkdirSync(join(secrets, 'oap-token'))
  writeFileSync(join(secrets, 'oap-token/token'), 'abc\n')
  mkdirSync(join(secrets, 'oap-tls'))
  for (const file of ['ca.crt', 'tls.crt', 'tls.key']) writeFileSync(join(secrets, 'oap-tls', file), 'pem')
  const backend = {
    address: 'oap:11800',
    authentication: { secret: 'oap-token', key: 'token' },
    tls: {
      ca: { secret: 'oap-tls', key: 'ca.crt' },
      client: { secret: 'oap-tls' },
      insecureSkipVerify: false,
    },
  }
  const { config: made } = effective(specOf({ backend }), {}, secrets)
  t.is(made.backend?.authentication, 'abc')
  t.deepEqual(made.backend?.tls, {
    caPath: join(secrets, 'oap-tls/ca.crt'),
    client: {
      certificatePath: join(secrets, 'oap-tls/tls.crt'),
      keyPath: join(secrets, 'oap-tls/tls.key'),
    },
    insecureSkipVerify: false,
  })
})

test('a secret that is not mounted is an error that names it', (t) => {
  const backend = { address: 'oap:11800', authentication: { secret: 'oap-token', key: 'token' } }
  t.throws(() => effective(specOf({ backend })), {
    code: 'KUBERNETES_SECRET_MISSING',
    message: /^the Secret oap-token /,
  })
})
