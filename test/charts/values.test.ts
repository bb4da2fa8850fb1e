/** Which values are refused, and what they render. */
import test from 'ava'
import { parseAllDocuments } from 'yaml'
import { readValues } from '../../tools/charts/values.ts'
import { valuesSchema } from '../../tools/charts/schema.ts'
import { renderChart } from './render.ts'

const refused: Record<string, [values: string[], message: string]> = {
  'an unknown key at the top': [['operators.replicas=2'], "additional properties 'operators' not allowed"],
  'an unknown key below': [['operator.replica=2'], "additional properties 'replica' not allowed"],
  'an unknown field of the policy': [
    ['defaultPolicy.spec.exlude.probes=true'],
    "additional properties 'exlude' not allowed",
  ],
  'a field of the policy out of bounds': [['defaultPolicy.spec.flush.maxCount=0'], 'minimum: got 0, want 1'],
  'a bare K, which is ambiguous': [
    ['defaultPolicy.spec.protocolAnalyze.perCPUBuffer=400K'],
    'does not match',
  ],
  'a protocol that does not exist': [['defaultPolicy.spec.collectors.protocols={HTTP3}'], 'must be one of'],
  'a backend without a port': [['backend.address=oap'], 'does not match'],
  'a Secret reference without a name': [['backend.tls.caSecretRef.key=a'], "missing property 'name'"],
  'no operator at all': [['operator.replicas=0'], 'minimum: got 0, want 1'],
  'a duration without a unit': [['operator.leaderElection.leaseDuration=15'], 'got number, want string'],
  'a log level that does not exist': [['operator.logLevel=trace'], 'must be one of'],
  'a digest that is none': [['agent.image.digest=latest'], 'does not match'],
}
for (const [sentence, [values, message]] of Object.entries(refused))
  test(`refuses ${sentence}`, async (t) => {
    const error = await t.throwsAsync(renderChart(...values.flatMap((value) => ['--set', value])))
    t.true(error.message.includes(message), error.message)
  })

test('a Secret that is referred to twice is mounted once, and read by the operator', async (t) => {
  const set = [
    'backend.secrets={a,b}',
    'backend.tls.caSecretRef.name=a',
    'backend.tls.clientSecretRef.name=c',
  ]
  const objects = await objectsOf(...set)
  const { volumes, containers } = objects['DaemonSet'].spec.template.spec
  const secrets = volumes.filter(({ secret }: { secret?: object }) => secret !== undefined)
  t.deepEqual(
    secrets.map(({ secret }: { secret: object }) => secret),
    ['a', 'b', 'c'].map((secretName) => ({ secretName, optional: true, defaultMode: 0o400 })),
  )
  const paths = containers[0].volumeMounts.map(({ mountPath }: { mountPath: string }) => mountPath)
  t.deepEqual(
    paths.slice(-3),
    ['a', 'b', 'c'].map((name) => `/etc/accesslog/secrets/${name}`),
  )
  t.deepEqual(
    objects['Role'].rules.find(({ resources }: { resources: string[] }) => resources[0] === 'secrets')
      .resourceNames,
    ['a', 'b', 'c'],
  )
})

test('without Secrets the operator may read none', async (t) => {
  t.false((await renderChart()).includes('secrets]'))
})

test('an upgrade applies the definitions, an installation leaves them to helm', async (t) => {
  const definitions = async (...args: string[]) =>
    [...(await renderChart(...args)).matchAll(/^kind: CustomResourceDefinition$/gm)].length
  t.is(await definitions(), 0)
  t.is(await definitions('--is-upgrade'), 3)
  t.is(await definitions('--is-upgrade', '--set', 'crds.upgrade=false'), 0)
})

test('names begin with the release, unless the chart already does', async (t) => {
  const nameOf = async (...args: string[]) => (await objectsOf(...args))['Deployment'].metadata.name
  t.is(await nameOf(), 'accesslog-operator')
  t.is(await nameOf('fullnameOverride=logs'), 'logs')
  t.is(await nameOf('nameOverride=watcher'), 'accesslog-watcher')
})

test('values without a comment, and lists of anything, are refused by the generator', (t) => {
  t.throws(() => readValues('a: 1\n'), { message: /a has no comment/ })
  const list = readValues('# -- Some.\na: []\n')
  t.throws(() => valuesSchema(list, {}), { message: /a needs "items"/ })
  const unknown = readValues('# -- Some.\n# @schema {"$crd": "spec.nothing"}\na: 1\n')
  t.throws(() => valuesSchema(unknown, {}), { message: /AccessLogPolicy has no spec.nothing/ })
})

/** Rendered objects by kind; of several of a kind the last in the chart's own namespace. */
// oxlint-disable-next-line typescript/no-explicit-any -- objects of many kinds, looked at by path
async function objectsOf(...set: string[]): Promise<Record<string, any>> {
  const text = await renderChart(...set.flatMap((value) => ['--set', value]))
  const objects = parseAllDocuments(text).map((document) => document.toJSON())
  const ours = objects.filter(({ metadata }) => metadata.namespace === 'accesslog')
  return Object.fromEntries(ours.map((object) => [object.kind, object]))
}
