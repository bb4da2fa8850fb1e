/** What the chart tells the programs is what they read. */
import test from 'ava'
import { parseAllDocuments } from 'yaml'
import { parseCommandLine } from '../../agent/config/cli.ts'
import { podSettings } from '../../agent/settings.ts'
import { ADDRESSES_AUDIENCE, ADDRESSES_PORT } from '../../crds/naming/addresses.ts'
import { OPTIONS, readOptions } from '../../operator/options.ts'
import { renderChart } from './render.ts'

interface Container {
  args?: string[]
  env: { name: string; value?: string; valueFrom?: { fieldRef: { fieldPath: string } } }[]
  ports: { name: string; containerPort: number }[]
  volumeMounts: { name: string; mountPath: string }[]
}

/** What the kubelet would put for a field. */
const FIELDS: Record<string, string> = {
  'metadata.name': 'pod-1',
  'metadata.namespace': 'accesslog',
  'spec.nodeName': 'node-1',
}

test('the operator knows every variable that it is given, and is told its whole backend', async (t) => {
  const set = [
    'clusterName=production',
    'backend.tls.caSecretRef.name=oap-ca',
    'backend.tls.clientSecretRef.name=oap-client',
    'backend.authentication.secretRef.name=oap-token',
    'operator.leaderElection.leaseDuration=30s',
    'operator.logLevel=debug',
  ]
  const { environment, container } = await podFor('Deployment', set)
  const known = Object.entries(OPTIONS).map(([name, option]) =>
    'env' in option ? option.env : `ACCESSLOG_${name.replaceAll('-', '_').toUpperCase()}`,
  )
  t.deepEqual(
    Object.keys(environment).filter((name) => !known.includes(name)),
    [],
  )
  const options = readOptions(container.args ?? [], environment, 'one')
  t.like(options, {
    namespace: 'accesslog',
    pod: 'pod-1',
    agentUser: 'system:serviceaccount:accesslog:accesslog-operator-agent',
    logLevel: 'debug',
    defaults: {
      clusterName: 'production',
      backend: {
        address: 'oap.skywalking:11800',
        tls: {
          ca: { secret: 'oap-ca', key: 'ca.crt' },
          client: { secret: 'oap-client' },
          insecureSkipVerify: false,
        },
        authentication: { secret: 'oap-token', key: 'token' },
      },
    },
  })
  t.is(options.lease.leaseDurationMs, 30_000)
  t.deepEqual(portsOf(container), { metrics: options.healthPort, addresses: options.addressesPort })
})

test('by default the operator is told a backend in plain text', async (t) => {
  const { environment } = await podFor('Deployment', [])
  t.deepEqual(readOptions([], environment, 'one').defaults, {
    clusterName: '',
    backend: { address: 'oap.skywalking:11800' },
  })
})

test('an agent is told its node, where the operator listens, and where its tokens and Secrets are', async (t) => {
  const { environment, container, volumes } = await podFor('DaemonSet', ['backend.secrets={oap-ca}'])
  t.is(parseCommandLine(container.args ?? []).kind, 'kubernetes')
  const { nodeName, podName, secretsFolder, healthAddress, operator } = podSettings(environment)
  t.like({ nodeName, podName }, { nodeName: 'node-1', podName: 'pod-1' })
  t.is(operator?.url.href, `http://accesslog-operator.accesslog.svc:${ADDRESSES_PORT}/`)
  t.deepEqual(portsOf(container), { metrics: Number(healthAddress.split(':').at(-1)) })

  const mounted = (path: string) => container.volumeMounts.find(({ mountPath }) => mountPath === path)?.name
  t.truthy(mounted(`${secretsFolder}/oap-ca`))
  const [folder = '', file = ''] = operator?.tokenPath.split(/\/(?=[^/]*$)/) ?? []
  const { projected } = volumes.find(({ name }) => name === mounted(folder)) ?? {}
  t.like(projected?.sources[0]?.serviceAccountToken, { audience: ADDRESSES_AUDIENCE, path: file })
})

interface Volume {
  name: string
  projected?: { sources: { serviceAccountToken: { audience: string; path: string } }[] }
}

async function podFor(kind: string, set: string[]) {
  const rendered = await renderChart(...set.flatMap((value) => ['--set', value]))
  const objects = parseAllDocuments(rendered).map((document) => document.toJSON())
  const { spec } = objects.find((object) => object.kind === kind).spec.template
  const [container] = spec.containers as [Container]
  const environment = Object.fromEntries(
    container.env.map(({ name, value, valueFrom }) => [
      name,
      value ?? FIELDS[valueFrom?.fieldRef.fieldPath ?? ''],
    ]),
  )
  return { container, environment, volumes: spec.volumes as Volume[] }
}

function portsOf({ ports }: Container): Record<string, number> {
  return Object.fromEntries(ports.map(({ name, containerPort }) => [name, containerPort]))
}
