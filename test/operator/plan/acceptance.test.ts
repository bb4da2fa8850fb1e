import test from 'ava'
import type { AccessLogPolicySpec } from '../../../crds/gen/accesslogpolicy.ts'
import type { SecretView } from '../../../operator/gather/secrets.ts'
import { type Accepted, judge } from '../../../operator/plan/acceptance.ts'
import { contentHash, render } from '../../../operator/plan/render.ts'
import { BACKEND, DEFAULTS, policySpec } from './policies.ts'

const SECURED: AccessLogPolicySpec['backend'] = {
  address: 'oap:11800',
  tls: { caSecretRef: { name: 'ca', key: 'ca.crt' }, insecureSkipVerify: false },
  authentication: { secretRef: { name: 'token', key: 'token' } },
}

function judged(spec: AccessLogPolicySpec, secrets: Record<string, SecretView> = {}, lastGood?: Accepted) {
  const policy = { uid: 'u', generation: 2, spec }
  return judge(policy, DEFAULTS, (name) => secrets[name] ?? 'missing', lastGood)
}

test('an accepted policy is rendered into canonical units, sorted, with everything spelt out', (t) => {
  const { accepted, refusal } = judged(policySpec({ priority: 7 })) ?? {}
  t.is(refusal, undefined)
  t.deepEqual(accepted?.selection, { active: true, priority: 7, nodeSelector: {} })
  t.deepEqual(accepted?.content, {
    clusterName: 'east',
    exclude: { namespaces: ['cert-manager', 'kube-system'], clusters: [], probes: false },
    flush: { maxCount: 2000, periodMs: 5000 },
    protocolAnalyze: { perCPUBufferBytes: 409_600, parallels: 2, queueSize: 5000 },
    collectors: { connections: true, protocols: ['HTTP1', 'HTTP2'], tls: ['OpenSSL'], layers: true },
    backend: BACKEND,
  })
})

test('specs that mean the same have the same hash, others another', (t) => {
  const hashOf = (spec: AccessLogPolicySpec) => judged(spec)?.accepted?.hash
  const hash = hashOf(policySpec())
  t.regex(hash ?? '', /^[0-9a-f]{64}$/)
  t.is(hashOf(policySpec({ flush: { period: '5000ms', maxCount: 2000 } })), hash)
  t.is(hashOf(policySpec({ priority: 9, nodeSelector: { matchLabels: { a: 'b' } } })), hash)
  t.not(hashOf(policySpec({ flush: { period: '6s', maxCount: 2000 } })), hash)
})

test('the hash does not depend on the order of members', (t) => {
  const content = render(policySpec(), DEFAULTS)
  if (!content) return t.fail('nothing was rendered')
  const reversed = Object.fromEntries(Object.entries(content).reverse()) as typeof content
  return t.is(contentHash(reversed), contentHash(content))
})

const FULL: Record<string, SecretView> = { ca: new Set(['ca.crt']), token: new Set(['token']) }

const REFUSED: [string, AccessLogPolicySpec, Record<string, SecretView>, string, RegExp][] = [
  [
    'a Secret that does not exist',
    policySpec({ backend: SECURED }),
    { ...FULL, ca: 'missing' },
    'SecretNotFound',
    /"ca".*create it/,
  ],
  [
    'a Secret that may not be read',
    policySpec({ backend: SECURED }),
    { ...FULL, token: 'forbidden' },
    'SecretNotReadable',
    /"token".*backend\.secrets/,
  ],
  [
    'a key that is not in the Secret',
    policySpec({ backend: SECURED }),
    { ...FULL, token: new Set(['x']) },
    'SecretKeyMissing',
    /"token".*no key token/,
  ],
  [
    'a duration out of range',
    policySpec({ flush: { period: '1h', maxCount: 1 } }),
    {},
    'InvalidSpec',
    /^flush\.periodMs must be an integer from 100 to 600000$/,
  ],
  [
    'several members out of range',
    policySpec({ flush: { period: 'soon', maxCount: 0 } }),
    {},
    'InvalidSpec',
    /flush\.maxCount .*; flush\.periodMs /,
  ],
  [
    'an address without a port',
    policySpec({ backend: { address: 'oap' } }),
    {},
    'InvalidSpec',
    /^backend\.address must be HOST:PORT$/,
  ],
]

for (const [what, spec, secrets, reason, message] of REFUSED) {
  test(`refused: ${what}`, (t) => {
    const { accepted, refusal } = judged(spec, secrets) ?? {}
    t.is(accepted, undefined)
    t.is(refusal?.reason, reason as never)
    t.regex(refusal?.message ?? '', message)
  })
}

test('what was in force stays in force when an edit is refused', (t) => {
  const lastGood = judged(policySpec())?.accepted
  const { accepted, refusal } = judged(policySpec({ backend: SECURED }), {}, lastGood) ?? {}
  t.is(accepted, lastGood)
  t.is(refusal?.reason, 'SecretNotFound')
})

test('nothing is decided while a Secret is unknown', (t) => {
  t.is(judged(policySpec({ backend: SECURED }), { ...FULL, ca: 'unknown' }), undefined)
})

test('a policy without a backend needs the chart to have one', (t) => {
  const policy = { uid: 'u', generation: 1, spec: policySpec() }
  const judgement = judge(policy, { clusterName: '', backend: undefined }, () => 'missing', undefined)
  t.is(judgement?.refusal?.reason, 'NoBackend')
})
