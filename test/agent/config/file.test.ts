import test from 'ava'
import fc from 'fast-check'
import { readConfigFile } from '../../../agent/config/file.ts'
import { originText } from '../../../agent/config/given.ts'

/** Values by key name, and problems, of a file named f. */
function read(source: string, environment: Record<string, string> = {}) {
  const { given, problems, ignored } = readConfigFile('f', source, environment)
  const values = Object.fromEntries([...given].map(([name, { text }]) => [name, text]))
  return { values, problems, ignored }
}

interface Case {
  source: string
  environment?: Record<string, string>
  values?: Record<string, string>
  problems?: string[]
  ignored?: string[]
}

const cases: Record<string, Case> = {
  'an empty file says nothing': { source: '' },
  'a file of comments says nothing': { source: '# nothing\n' },
  'numbers and booleans are taken as written': {
    source: 'access_log:\n  active: true\n  flush: { max_count: 10, period: 5s }',
    values: { active: 'true', flushMaxCount: '10', flushPeriodMs: '5s' },
  },
  'keys are compared without regard to case': {
    source: 'Core: {Backend: {enable_tls: true}}',
    values: { tlsEnabled: 'true' },
  },
  'a list may be a YAML list': {
    source: 'access_log: {exclude_namespaces: [a, "b,c"]}',
    values: { excludeNamespaces: 'a,b,c' },
  },
  'a key without value is an empty value': {
    source: 'access_log:\n  exclude_namespaces:\n',
    values: { excludeNamespaces: '' },
  },
  'an anchor is followed': {
    source: 'access_log: {active: &on true}\ncore: {backend: {enable_TLS: *on}}',
    values: { active: 'true', tlsEnabled: 'true' },
  },
  'a section without content says nothing': { source: 'access_log:\n' },
  'a placeholder stands for its variable': {
    source: 'core: {cluster_name: "${NAME:x}"}',
    environment: { NAME: ' y ' },
    values: { clusterName: 'y' },
  },
  'a placeholder whose variable is empty is empty': {
    source: 'core: {cluster_name: "${NAME:x}"}',
    environment: { NAME: '' },
    values: { clusterName: '' },
  },
  'a placeholder without its variable is its default, colons included': {
    source: 'core: {backend: {addr: "${NAME:localhost:11800}"}}',
    values: { backendAddress: 'localhost:11800' },
  },
  'a placeholder inside a longer text is refused': {
    source: 'core: {backend: {addr: "${NAME:localhost}:11800"}}',
    problems: ['f:1:24: core.backend.addr: a placeholder ${NAME:default} must be the whole value'],
  },
  'an unknown key is named with its place and the closest key': {
    source: 'access_log:\n  flush:\n    max_cuont: 1',
    problems: ['f:3:5: unknown key access_log.flush.max_cuont; did you mean max_count?'],
  },
  'an unknown section far from any known one gets no suggestion': {
    source: 'something: {else: 1}',
    problems: ['f:1:1: unknown key something'],
  },
  'a value where a section belongs is refused': {
    source: 'access_log: 5',
    problems: ['f:1:13: access_log must be a mapping'],
  },
  'a section where a value belongs is refused': {
    source: 'access_log: {active: {yes: 1}}',
    problems: ['f:1:22: access_log.active must be a single value or a list of them'],
  },
  'a key and its alias cannot both be given': {
    source: 'access_log: {protocol_analyze: {parallels: 1, analyze_parallels: 2}}',
    values: { parallels: '1' },
    problems: ['f:1:47: access_log.protocol_analyze.analyze_parallels is given twice'],
  },
  'a list at the top is refused': {
    source: '- a',
    problems: ['f:1:1: must be a mapping with the sections access_log, core, process_discovery'],
  },
  "Rover's other modules are ignored": {
    source: 'logger: {level: INFO}\ncore: {backend: {check_period: 5}}',
    ignored: ['logger', 'core.backend.check_period'],
  },
}
for (const [sentence, { source, environment, values = {}, problems = [], ignored = [] }] of Object.entries(
  cases,
))
  test(sentence, (t) => t.deepEqual(read(source, environment), { values, problems, ignored }))

test('text that is not YAML is one problem with its place', (t) => {
  const { problems } = read('access_log:\n  active: [')
  t.is(problems.length, 1)
  t.regex(problems[0] ?? '', /^f:2:\d+: /)
})

test('a value remembers its line and column, or the variable that a placeholder took', (t) => {
  const source = 'access_log:\n  active: ${A:false}\n  exclude_cluster: ${B:b}'
  const { given } = readConfigFile('f', source, { A: 'true' })
  const origins = [...given.values()].map(({ origin }) => originText(origin))
  t.deepEqual(origins, ['A', 'f:3:20'])
})

test('whatever the text, reading ends in values or problems and never throws', (t) => {
  const fragment = fc.constantFrom(
    'access_log',
    'core',
    ':',
    ': ',
    '\n',
    '  ',
    '- ',
    '{',
    '}',
    '[',
    ']',
    '&a ',
    '*a',
    '${A:',
    '"',
    'x',
    '!!int ',
    '? ',
  )
  t.notThrows(() =>
    fc.assert(
      fc.property(fc.array(fragment, { maxLength: 30 }), (fragments) => {
        const { problems } = read(fragments.join(''))
        t.true(problems.every((problem) => /^f:\d+:\d+: /.test(problem)))
      }),
    ),
  )
})
