/** What the real API server says to every example, and how kubectl shows the kinds. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'ava'
import { parse } from 'yaml'
import { startCluster, type Cluster } from '../cluster/cluster.ts'

const CRDS = join(import.meta.dirname, '../../crds')
const EXAMPLES = join(CRDS, 'examples')
let cluster: Cluster

test.before('the API server knows the kinds', async (t) => {
  t.timeout(180_000)
  cluster = await startCluster()
  const files = ['accesslogpolicy', 'accesslogconfig', 'accesslogstatus']
  await cluster.kubectl(['apply', ...files.flatMap((name) => ['-f', join(CRDS, `${name}.yaml`)])])
  await cluster.kubectl(['wait', '--for=condition=Established', 'crd', '--all', '--timeout=30s'])
})
test.after.always(async () => cluster?.stop())

for (const file of readdirSync(join(EXAMPLES, 'valid')))
  test.serial(`valid/${file} is accepted without a warning`, async (t) => {
    const { stdout, stderr } = await submit('valid', file)
    t.regex(stdout, /(created|replaced) \(server dry run\)/)
    t.is(stderr, '')
  })

for (const file of readdirSync(join(EXAMPLES, 'invalid')))
  test.serial(`invalid/${file} is refused with its message`, async (t) => {
    const [firstLine = ''] = readFileSync(join(EXAMPLES, 'invalid', file), 'utf8').split('\n')
    const expected = firstLine.replace(/^# /, '')
    t.true(expected.length > 10, 'the first line says what the API server says')
    const error = await t.throwsAsync(submit('invalid', file))
    t.true(error.message.includes(expected), error.message)
  })

test.serial('an empty policy gets every default', async (t) => {
  const args = ['create', '--dry-run=server', '-o', 'json', '-f', join(EXAMPLES, 'valid/minimal.yaml')]
  const { stdout } = await cluster.kubectl(args)
  const { backend: _, ...defaults } = example('everything-set.yaml').spec
  t.deepEqual(JSON.parse(stdout).spec, defaults)
})

test.serial('a policy keeps what is set and gets the defaults next to it', async (t) => {
  const args = [
    'create',
    '--dry-run=server',
    '-o',
    'json',
    '-f',
    join(EXAMPLES, 'valid/secured-backend.yaml'),
  ]
  const { stdout } = await cluster.kubectl(args)
  t.deepEqual(JSON.parse(stdout).spec.backend, {
    address: 'oap.skywalking.svc.cluster.local:11800',
    authentication: { secretRef: { name: 'oap-token', key: 'agent' } },
    tls: {
      caSecretRef: { name: 'oap-ca', key: 'ca.crt' },
      clientSecretRef: { name: 'oap-client' },
      insecureSkipVerify: false,
    },
  })
})

for (const [sentence, before] of [
  [
    'that were full',
    { collectors: { protocols: ['HTTP1'], tls: ['OpenSSL'] }, exclude: { namespaces: ['a'] } },
  ],
  ['that were defaults', {}],
] as const)
  test.serial(`server-side apply empties lists ${sentence}`, async (t) => {
    const { spec: after, ...object } = example('connections-only.yaml')
    const args = ['apply', '--server-side', '-o', 'json', '-f', '-']
    await cluster.kubectl(args, JSON.stringify({ ...object, spec: before }))
    const { stdout } = await cluster.kubectl(args, JSON.stringify({ ...object, spec: after }))
    await cluster.kubectl(['delete', 'alp', object.metadata.name])
    const { collectors, exclude } = JSON.parse(stdout).spec
    t.deepEqual([collectors.protocols, collectors.tls, exclude.namespaces], [[], [], []])
  })

const tables: Record<string, { file: string; args: string[]; expected: string[][] }> = {
  'kubectl get alp shows what matters of a policy': {
    file: 'edge-nodes.yaml',
    args: ['alp'],
    expected: [
      ['NAME', 'ACTIVE', 'PRIORITY', 'NODES', 'READY', 'AGE'],
      ['edge-nodes', 'true', '100', '4998/5000', 'False', 'age'],
    ],
  },
  'kubectl get alc shows from which generation a config is': {
    file: 'rendered-config.yaml',
    args: ['alc'],
    expected: [
      ['NAME', 'GENERATION', 'BACKEND', 'AGE'],
      ['secured-backend', '3', 'oap.skywalking:11800', 'age'],
    ],
  },
  'kubectl get accesslogstatus shows what a node does': {
    file: 'busy-node.yaml',
    args: ['accesslogstatus'],
    expected: [
      ['NAME', 'POLICY', 'STATE', 'PROCESSES', 'CONNECTIONS', 'LOGS/S', 'DROPPED', 'AGE'],
      ['node-2', 'default', 'Degraded', '412', '1834', '5200', '7', 'age'],
    ],
  },
  'kubectl get accesslogstatuses -o wide shows where it sends, what it runs and what it cannot': {
    file: 'busy-node.yaml',
    args: ['accesslogstatuses', '-o', 'wide'],
    expected: [
      [
        ...['NAME', 'POLICY', 'STATE', 'PROCESSES', 'CONNECTIONS', 'LOGS/S', 'DROPPED'],
        ...['SENT', 'BACKEND', 'CONFIG', 'AGENT', 'KERNEL', 'CAPTURE', 'AGE'],
      ],
      [
        ...['node-2', 'default', 'Degraded', '412', '1834', '5200', '7'],
        ...[
          '71000000',
          'oap.skywalking:11800',
          '9f86d081',
          '0.1.0',
          '6.1.0-28-amd64',
          'tls-go:Unavailable',
          'age',
        ],
      ],
    ],
  },
}
for (const [sentence, { file, args, expected }] of Object.entries(tables))
  test.serial(sentence, async (t) => {
    const { name, status } = await create(file)
    if (status) await replaceStatus(file, status)
    const { stdout } = await cluster.kubectl(['get', ...args])
    await cluster.kubectl(['delete', '-f', join(EXAMPLES, 'valid', file)])
    const rows = stdout.trim().split('\n')
    const words = [rows[0], rows.find((row) => row.startsWith(`${name} `))].map((row) => row?.split(/ {2,}/))
    t.deepEqual(words, [expected[0], [...(expected[1] ?? []).slice(0, -1), words[1]?.at(-1)]])
    t.regex(words[1]?.at(-1) ?? '', /^\d+s$/)
  })

test.serial('every kind is in the category accesslog, and explained', async (t) => {
  const { stdout } = await cluster.kubectl(['api-resources', '--categories=accesslog', '-o', 'name'])
  t.deepEqual(stdout.trim().split('\n').toSorted(), [
    'accesslogconfigs.accesslog.dev',
    'accesslogpolicies.accesslog.dev',
    'accesslogstatuses.accesslog.dev',
  ])
  const explained = await cluster.kubectl(['explain', 'alp.spec.flush.period'])
  t.true(explained.stdout.includes('Logs are flushed at the latest after this time'))
})

/** Sends an example as a user would; one with a status to the status of an object that is there. */
async function submit(folder: string, file: string) {
  const path = join(EXAMPLES, folder, file)
  const object = parse(readFileSync(path, 'utf8'))
  if (object.status === undefined) return cluster.kubectl(['create', '--dry-run=server', '-f', path])
  await cluster.kubectl(['create', '-f', '-'], JSON.stringify({ ...object, status: undefined }))
  try {
    return await cluster.kubectl(['replace', '--subresource=status', '--dry-run=server', '-f', path])
  } finally {
    await cluster.kubectl(['delete', '-f', path])
  }
}

function example(file: string) {
  return parse(readFileSync(join(EXAMPLES, 'valid', file), 'utf8'))
}

async function create(file: string): Promise<{ name: string; status: unknown }> {
  const object = example(file)
  await cluster.kubectl(['create', '-f', '-'], JSON.stringify({ ...object, status: undefined }))
  const status = object.kind === 'AccessLogPolicy' ? POLICY_STATUS : object.status
  return { name: object.metadata.name, status }
}

async function replaceStatus(file: string, status: unknown): Promise<void> {
  const text = JSON.stringify({ ...example(file), status })
  await cluster.kubectl(['replace', '--subresource=status', '-f', '-'], text)
}

const POLICY_STATUS = {
  observedGeneration: 1,
  nodes: { selected: 5000, programmed: 4999, ready: 4998, overridden: 0, summary: '4998/5000' },
  conditions: [
    {
      type: 'Ready',
      status: 'False',
      observedGeneration: 1,
      lastTransitionTime: '2026-11-24T08:00:01Z',
      reason: 'Progressing',
      message: '2 of 5000 nodes are not ready',
    },
  ],
}
