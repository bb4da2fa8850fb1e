import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'ava'
import { accesslog, isForPeople } from './command.ts'

const RUN = ['run', '--standalone', '--duration', '1s']

interface Wrong {
  file?: string
  env?: Record<string, string>
  args?: string[]
  /** What the message must say: the key, the value, what is allowed. */
  says: RegExp[]
}

const WRONG: Record<string, Wrong> = {
  'an unknown key': {
    file: 'access_log: { flush: { perid: 5s } }',
    says: [/access_log\.flush\.perid/, /period/],
  },
  'an unknown section': { file: 'acces_log: { active: true }', says: [/acces_log/, /access_log/] },
  'a file that is no YAML': { file: 'access_log: [', says: [/line|:\d+/] },
  'a file that is a list': { file: '- access_log', says: [/config\.yaml/] },
  'an unparsable size': {
    file: 'access_log: { protocol_analyze: { per_cpu_buffer: lots } }',
    says: [/per_cpu_buffer/, /lots/, /400KB|4KB/],
  },
  'a size out of range': {
    env: { ROVER_ACCESS_LOG_PROTOCOL_ANALYZE_PER_CPU_BUFFER: '1GB' },
    says: [/ROVER_ACCESS_LOG_PROTOCOL_ANALYZE_PER_CPU_BUFFER/, /1GB/, /64MB/],
  },
  'an unparsable duration': {
    env: { ROVER_ACCESS_LOG_FLUSH_PERIOD: '5 parsecs' },
    says: [/ROVER_ACCESS_LOG_FLUSH_PERIOD/, /5 parsecs/],
  },
  'a number out of range': {
    env: { ROVER_ACCESS_LOG_PROTOCOL_ANALYZE_PARALLELS: '65' },
    says: [/PARALLELS/, /65/, /64/],
  },
  'a number that is none': {
    file: 'access_log: { flush: { max_count: many } }',
    says: [/access_log\.flush\.max_count/, /many/],
  },
  'a backend without a port': { args: ['--backend', 'oap.example'], says: [/--backend/, /oap\.example/] },
  'a client certificate that is not there': {
    env: { ROVER_BACKEND_ENABLE_TLS: 'true', ROVER_BACKEND_CA_PEM_PATH: '/nonexistent/ca.pem' },
    says: [/\/nonexistent\/ca\.pem/],
  },
  'several mistakes at once, all of them named': {
    file: 'access_log: { flush: { period: never }, protocol_analyze: { queue_size: 0 } }',
    env: { ROVER_ACCESS_LOG_ACTIVE: 'perhaps' },
    says: [/3 problems/, /never/, /queue_size/, /perhaps/],
  },
}

for (const [name, { file, env, args = [], says }] of Object.entries(WRONG)) {
  test(`wrong configuration: ${name}`, async (t) => {
    const directory = mkdtempSync(join(tmpdir(), 'cli-config-'))
    t.teardown(() => rmSync(directory, { recursive: true }))
    const path = join(directory, 'config.yaml')
    if (file !== undefined) writeFileSync(path, file)
    const outcome = await accesslog([...RUN, ...(file === undefined ? [] : ['--config', path]), ...args], env)
    t.is(outcome.code, 2)
    t.is(outcome.stdout, '')
    t.regex(outcome.stderr, /^error CONFIG_INVALID/m)
    for (const pattern of says) t.regex(outcome.stderr, pattern)
    isForPeople(t, outcome)
  })
}

test('a configuration file that does not exist', async (t) => {
  const outcome = await accesslog([...RUN, '--config', '/nonexistent/config.yaml'])
  t.is(outcome.code, 2)
  t.regex(outcome.stderr, /^error CONFIG_FILE_UNREADABLE: .*\/nonexistent\/config\.yaml/m)
  isForPeople(t, outcome)
})

test('a token never appears in a message', async (t) => {
  const outcome = await accesslog(RUN, {
    ROVER_BACKEND_AUTHENTICATION: 'tok\u00e9n-to-keep',
    ROVER_BACKEND_ADDR: '?',
  })
  t.is(outcome.code, 2)
  t.notRegex(outcome.stderr, /to-keep/)
})
