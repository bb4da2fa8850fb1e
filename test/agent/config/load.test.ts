import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import type { Given } from '../../../agent/config/given.ts'
import { loadConfig, type ConfigSources } from '../../../agent/config/load.ts'
import { AccessLogError } from '../../../agent/errors.ts'

function load(sources: Partial<ConfigSources> = {}) {
  return loadConfig({ standalone: false, flags: {}, environment: {}, configPath: undefined, ...sources })
}

async function file(t: ExecutionContext, source: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'accesslog-config-'))
  t.teardown(async () => rm(folder, { recursive: true }))
  const path = join(folder, 'config.yaml')
  await writeFile(path, source)
  return path
}

function flag(text: string): Given {
  return { text, origin: { kind: 'flag', name: '--backend' } }
}

test('without anything given, the defaults of Rover hold', (t) => {
  t.deepEqual(load().config, {
    active: false,
    excludeNamespaces: ['istio-system', 'cert-manager', 'kube-system'],
    excludeClusters: [],
    flush: { maxCount: 2000, periodMs: 5000 },
    protocolAnalyze: { perCpuBufferBytes: 400 * 1024, parallels: 2, queueSize: 5000 },
    clusterName: '',
    nodeName: '',
    backend: {
      host: 'localhost',
      port: 11800,
      address: 'localhost:11800',
      tls: undefined,
      authentication: '',
    },
  })
})

test('a standalone run captures and sends nowhere unless told', (t) => {
  const { config } = load({ standalone: true })
  t.true(config.active)
  t.is(config.backend, undefined)
  t.is(
    load({ standalone: true, environment: { ROVER_BACKEND_ADDR: 'oap:1' } }).config.backend?.address,
    'oap:1',
  )
})

test('the command line wins over the environment, that over the file, that over the default', async (t) => {
  const configPath = await file(t, 'core: {backend: {addr: "file:1"}}')
  const environment = { ROVER_BACKEND_ADDR: 'environment:1' }
  const flags = { backendAddress: flag('flag:1') }
  const address = (sources: Partial<ConfigSources>) => load(sources).config.backend?.address
  t.is(address({ configPath, environment, flags }), 'flag:1')
  t.is(address({ configPath, environment }), 'environment:1')
  t.is(address({ configPath }), 'file:1')
  t.is(address({}), 'localhost:11800')
})

test('every value tells where it came from', async (t) => {
  const configPath = await file(t, 'access_log:\n  active: true\n')
  const { origins } = load({
    configPath,
    environment: { ROVER_CORE_CLUSTER_NAME: 'c' },
    flags: { backendAddress: flag('none') },
  })
  t.is(origins['access_log.active'], `${configPath}:2:11`)
  t.is(origins['core.cluster_name'], 'ROVER_CORE_CLUSTER_NAME')
  t.is(origins['core.backend.addr'], '--backend')
  t.is(origins['access_log.flush.period'], 'default')
})

test('an empty variable clears a list', (t) => {
  const { config, overrides } = load({ environment: { ROVER_ACCESS_LOG_EXCLUDE_NAMESPACES: '' } })
  t.deepEqual(config.excludeNamespaces, [])
  t.deepEqual(overrides, [
    {
      environment: 'ROVER_ACCESS_LOG_EXCLUDE_NAMESPACES',
      key: 'access_log.exclude_namespaces',
      value: '',
      instead: 'istio-system,cert-manager,kube-system',
    },
  ])
})

test('a variable that changes nothing is not an override', (t) => {
  t.deepEqual(load({ environment: { ROVER_ACCESS_LOG_FLUSH_PERIOD: '5s' } }).overrides, [])
})

test('a variable that a placeholder took is an override of its default', async (t) => {
  const configPath = await file(t, 'access_log: {flush: {period: "${PERIOD:7s}"}}')
  t.deepEqual(load({ configPath, environment: { PERIOD: '8s' } }).overrides, [
    { environment: 'PERIOD', key: 'access_log.flush.period', value: '8s', instead: '7s' },
  ])
})

test('all problems of file and environment are listed at once', async (t) => {
  const configPath = await file(t, 'access_log:\n  flush: {max_count: 0, perod: 1s}\n')
  const environment = { ROVER_ACCESS_LOG_PROTOCOL_ANALYZE_PARALLELS: '65', ROVER_BACKEND_ADDR: 'nowhere' }
  const error = t.throws(() => load({ configPath, environment }), { instanceOf: AccessLogError })
  t.is(error.code, 'CONFIG_INVALID')
  t.is(error.exitCode, 2)
  t.deepEqual(error.details, [
    `${configPath}:2:25: unknown key access_log.flush.perod; did you mean period?`,
    `${configPath}:2:22: access_log.flush.max_count is "0" but must be an integer from 1 to 1000000`,
    'ROVER_ACCESS_LOG_PROTOCOL_ANALYZE_PARALLELS: access_log.protocol_analyze.parallels is "65" but must be an integer from 1 to 64',
    'ROVER_BACKEND_ADDR: core.backend.addr is "nowhere" but must be HOST:PORT with a port from 1 to 65535, [ADDRESS]:PORT for IPv6, or none',
  ])
})

const bounds: Record<string, [variable: string, accepted: string[], refused: string[]]> = {
  'max_count is 1 to 1000000': [
    'ROVER_ACCESS_LOG_FLUSH_MAX_COUNT',
    ['1', '1000000'],
    ['0', '1000001', '1.5', '-1', ''],
  ],
  'period is 100ms to 10m': ['ROVER_ACCESS_LOG_FLUSH_PERIOD', ['100ms', '10m'], ['99ms', '10m1ms', '5', '']],
  'per_cpu_buffer is 4KB to 64MB': [
    'ROVER_ACCESS_LOG_PROTOCOL_ANALYZE_PER_CPU_BUFFER',
    ['4KB', '64MB', '4096', '64Mi'],
    ['4095', '65MB', '400K', ''],
  ],
  'parallels is 1 to 64': ['ROVER_ACCESS_LOG_PROTOCOL_ANALYZE_PARALLELS', ['1', '64'], ['0', '65']],
  'queue_size is 1 to 1000000': [
    'ROVER_ACCESS_LOG_PROTOCOL_ANALYZE_QUEUE_SIZE',
    ['1', '1000000'],
    ['0', '1000001'],
  ],
  'active is a boolean': ['ROVER_ACCESS_LOG_ACTIVE', ['true', '0'], ['yes', '']],
  'exclude_namespaces holds names of namespaces': [
    'ROVER_ACCESS_LOG_EXCLUDE_NAMESPACES',
    ['', 'a, b'],
    ['a;b', 'A', `${'x'.repeat(64)}`],
  ],
  'cluster_name holds no ::': ['ROVER_CORE_CLUSTER_NAME', ['', 'eu-1'], ['a::b']],
}
for (const [sentence, [variable, accepted, refused]] of Object.entries(bounds))
  test(sentence, (t) => {
    for (const text of accepted) t.notThrows(() => load({ environment: { [variable]: text } }), text)
    for (const text of refused)
      t.throws(() => load({ environment: { [variable]: text } }), { instanceOf: AccessLogError }, text)
  })

test('a client certificate needs its key', (t) => {
  const environment = { ROVER_BACKEND_PEM_PATH: '/a.pem' }
  const error = t.throws(() => load({ environment }), { instanceOf: AccessLogError })
  t.deepEqual(error.details, [
    'ROVER_BACKEND_PEM_PATH: core.backend.client_pem_path is "/a.pem" but must be given together with core.backend.client_key_path',
  ])
})

test('with TLS, certificates must be readable', (t) => {
  const environment = { ROVER_BACKEND_ENABLE_TLS: 'true', ROVER_BACKEND_CA_PEM_PATH: '/does/not/exist.pem' }
  const error = t.throws(() => load({ environment }), { instanceOf: AccessLogError })
  t.is(error.details.length, 1)
  t.regex(
    error.details[0] ?? '',
    /^ROVER_BACKEND_CA_PEM_PATH: core\.backend\.ca_pem_path cannot be read: ENOENT/,
  )
})

test('with TLS, the paths are part of the backend', async (t) => {
  const path = await file(t, '')
  const environment = {
    ROVER_BACKEND_ENABLE_TLS: 'true',
    ROVER_BACKEND_PEM_PATH: path,
    ROVER_BACKEND_KEY_PATH: path,
    ROVER_BACKEND_INSECURE_SKIP_VERIFY: 'true',
  }
  t.deepEqual(load({ environment }).config.backend?.tls, {
    client: { certificatePath: path, keyPath: path },
    caPath: undefined,
    insecureSkipVerify: true,
  })
})

test('a token is in the config and nowhere else', (t) => {
  const good = load({ environment: { ROVER_BACKEND_AUTHENTICATION: 'geheim' } })
  t.is(good.config.backend?.authentication, 'geheim')
  t.notRegex(JSON.stringify({ ...good, config: undefined }), /geheim/)
  const environment = { ROVER_BACKEND_AUTHENTICATION: 'geheim\u0001' }
  t.notRegex(t.throws(() => load({ environment }), { instanceOf: AccessLogError }).render(), /geheim/)
})

test('a Rover configuration drops in, and says what has no effect', (t) => {
  const configPath = join(import.meta.dirname, 'rover_configs.yaml')
  const { config, warnings, overrides } = load({
    configPath,
    environment: { ROVER_ACCESS_LOG_ACTIVE: 'true' },
  })
  t.true(config.active)
  t.is(config.flush.maxCount, 10_000)
  t.deepEqual(
    overrides.map(({ environment }) => environment),
    ['ROVER_ACCESS_LOG_ACTIVE'],
  )
  t.is(warnings.length, 11)
})

test('a misspelt variable is pointed out, and those of other programs are not', (t) => {
  const environment = { ROVER_ACCESS_LOG_FLUSH_PEROD: '1s', ROVER_LOGGER_LEVEL: 'INFO', PATH: '/bin' }
  t.deepEqual(load({ environment }).warnings, [
    'ROVER_ACCESS_LOG_FLUSH_PEROD has no effect; did you mean ROVER_ACCESS_LOG_FLUSH_PERIOD?',
  ])
})

test('a file that cannot be read is an error that names it', (t) => {
  const error = t.throws(() => load({ configPath: '/does/not/exist' }), { instanceOf: AccessLogError })
  t.is(error.code, 'CONFIG_FILE_UNREADABLE')
  t.regex(error.message, /\/does\/not\/exist/)
})

test('the config cannot be changed, at any depth', (t) => {
  const frozen = (value: unknown): boolean =>
    typeof value !== 'object' ||
    value === null ||
    (Object.isFrozen(value) && Object.values(value).every(frozen))
  t.true(frozen(load().config))
})
