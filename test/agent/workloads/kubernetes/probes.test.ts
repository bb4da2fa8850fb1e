import test from 'ava'
import { isProbe, probeRules, type ProbeCandidate } from '../../../../agent/workloads/kubernetes/probes.ts'

const CONTAINERS = [
  {
    name: 'app',
    ports: [{ name: 'http', containerPort: 8080 }],
    livenessProbe: { httpGet: { path: '/healthz?full=1', port: 'http' } },
    readinessProbe: { httpGet: { path: 'ready', port: 8080 } },
    startupProbe: { tcpSocket: { port: 9000 } },
  },
  { name: 'rpc', livenessProbe: { grpc: { port: 50051, service: null } } },
]
const RULES = probeRules(CONTAINERS)
const NODE = new Set(['192.0.2.1', '10.88.0.1'])
const GET = (path: string): Partial<ProbeCandidate> => ({ request: { method: 'GET', path } })

test('the rules of a pod’s probes', (t) => {
  t.deepEqual(RULES, [
    { kind: 'http', port: 8080, path: '/healthz' },
    { kind: 'http', port: 8080, path: '/ready' },
    { kind: 'tcp', port: 9000, path: '' },
    { kind: 'grpc', port: 50051, path: '/grpc.health.v1.Health/Check' },
  ])
})

test('the same probe of several kinds is one rule', (t) => {
  const httpGet = { path: '/', port: 80 }
  t.is(probeRules([{ name: 'app', livenessProbe: { httpGet }, readinessProbe: { httpGet } }]).length, 1)
})

test('a port by a name that nothing has, and a probe of another host, are no rules', (t) => {
  t.deepEqual(probeRules([{ name: 'app', livenessProbe: { httpGet: { port: 'nothing' } } }]), [])
  t.deepEqual(
    probeRules([{ name: 'app', livenessProbe: { httpGet: { port: 80, host: 'example.org' } } }]),
    [],
  )
  t.deepEqual(
    probeRules([{ name: 'app', livenessProbe: { tcpSocket: { port: 80, host: 'example.org' } } }]),
    [],
  )
})

const CASES: Record<string, [Partial<ProbeCandidate>, boolean]> = {
  'a GET of the liveness path from the node': [GET('/healthz'), true],
  'a GET of the readiness path from the bridge': [{ ...GET('/ready'), remoteAddress: '10.88.0.1' }, true],
  'the same from a pod': [{ ...GET('/ready'), remoteAddress: '10.88.0.7' }, false],
  'another path from the node': [GET('/cart'), false],
  'a path below that of the probe': [GET('/healthz/more'), false],
  'another method': [{ request: { method: 'POST', path: '/ready' } }, false],
  'the path on another port': [{ ...GET('/ready'), localPort: 9000 }, false],
  'a connection without a request to the probed port': [{ localPort: 9000, request: undefined }, true],
  'a connection without a request to a port that is probed by HTTP': [{ request: undefined }, false],
  'a gRPC health check': [
    { localPort: 50051, request: { method: 'POST', path: '/grpc.health.v1.Health/Check' } },
    true,
  ],
}

for (const [name, [candidate, expected]] of Object.entries(CASES)) {
  test(`${expected ? 'a probe' : 'no probe'}: ${name}`, (t) => {
    const base = { localPort: 8080, remoteAddress: '192.0.2.1', request: undefined }
    t.is(isProbe({ ...base, ...candidate }, RULES, NODE), expected)
  })
}
