import test from 'ava'
import { OperatorError } from '../../operator/errors.ts'
import { readOptions, usage } from '../../operator/options.ts'

const ENV = { POD_NAMESPACE: 'accesslog', POD_NAME: 'operator-1' }

test('what the chart sets in the environment is enough', (t) => {
  const options = readOptions([], { ...ENV, ACCESSLOG_BACKEND: '{"address":"oap:11800"}' }, 'uuid')
  t.is(options.identity, 'operator-1_uuid')
  t.is(options.agentUser, 'system:serviceaccount:accesslog:accesslog-agent')
  t.deepEqual(options.defaults, { clusterName: '', backend: { address: 'oap:11800' } })
  t.deepEqual(options.lease, {
    name: 'accesslog-operator',
    leaseDurationMs: 15_000,
    renewDeadlineMs: 10_000,
    retryPeriodMs: 2_000,
  })
  t.deepEqual([options.healthPort, options.addressesPort], [8080, 8081])
})

test('the command line goes before the environment', (t) => {
  t.is(readOptions(['--namespace', 'other'], ENV, '').namespace, 'other')
})

test('the backend is written as in a policy, with the same defaults', (t) => {
  const backend = {
    address: '[fd00::1]:11800',
    tls: { caSecretRef: { name: 'ca' }, clientSecretRef: { name: 'me' } },
    authentication: { secretRef: { name: 'token', key: 'oap' } },
  }
  t.deepEqual(readOptions(['--backend', JSON.stringify(backend)], ENV, '').defaults.backend, {
    address: '[fd00::1]:11800',
    tls: { ca: { secret: 'ca', key: 'ca.crt' }, client: { secret: 'me' }, insecureSkipVerify: false },
    authentication: { secret: 'token', key: 'oap' },
  })
})

for (const [what, args, problem] of [
  ['no namespace', ['--namespace', ''], /--namespace \(POD_NAMESPACE\) is ""/],
  ['a backend that is no JSON', ['--backend', 'oap:11800'], /--backend \(ACCESSLOG_BACKEND\)/],
  ['a backend without an address', ['--backend', '{}'], /--backend/],
  ['a deadline behind the lease', ['--lease-renew-deadline', '15s'], /--lease-duration must exceed/],
  ['a port that is none', ['--health-port', '70000'], /a port from 0 to 65535/],
  ['an unknown option', ['--prot', '1'], /--prot/],
] as const) {
  test(`options: ${what} is a problem that says what to change`, (t) => {
    const error = t.throws(() => readOptions(args, ENV, ''), { instanceOf: OperatorError })
    t.is(error.code, 'OPERATOR_OPTIONS')
    t.is(error.exitCode, 2)
    t.regex(error.message, problem)
  })
}

test('all problems are found at once', (t) => {
  const error = t.throws(() => readOptions(['--health-port', 'x', '--log-level', 'loud'], ENV, ''))
  t.regex(error.message, /2 problems.*--health-port.*--log-level/)
})

test('the usage names every option with its environment variable', (t) => {
  t.regex(usage(), /--lease-retry-period +ACCESSLOG_LEASE_RETRY_PERIOD/)
  t.regex(usage(), /--namespace +POD_NAMESPACE/)
})
