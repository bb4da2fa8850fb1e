import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'ava'
import { OPERATOR_ERRORS } from '../../operator/errors.ts'
import { OPTIONS, usage } from '../../operator/options.ts'
import { exposeSources, operatorMetrics } from '../../operator/serve/metrics.ts'

const reference = readFileSync(join(import.meta.dirname, '../../docs/reference/operator.md'), 'utf8')
const rows = reference.split('\n').filter((line) => line.startsWith('| `'))

function documented(section: string): string[] {
  return rows.map((row) => row.split('`')[1] ?? '').filter((name) => name.startsWith(section))
}

test('every option is documented with its variable and default, and no other', (t) => {
  t.deepEqual(
    documented('--'),
    Object.keys(OPTIONS).map((name) => `--${name}`),
  )
  for (const [name, option] of Object.entries(OPTIONS)) {
    const row = rows.find((line) => line.startsWith(`| \`--${name}\``)) ?? ''
    const variable = new RegExp(`--${name} +(\\S+)`).exec(usage())?.[1]
    t.true(row.includes(`\`${variable}\``), name)
    t.true(row.includes(option.description), name)
    if (name !== 'pod-name' && option.default !== '') t.true(row.includes(`\`${option.default}\``), name)
  }
})

test('every error is documented, and no other', (t) => {
  t.deepEqual(documented('OPERATOR_'), Object.keys(OPERATOR_ERRORS))
  for (const { message, hint } of Object.values(OPERATOR_ERRORS))
    t.true(reference.includes(`${message} | ${hint}`))
})

test('every metric is documented with what it counts, and no other', (t) => {
  const { registry } = operatorMetrics()
  exposeSources(registry, {
    isLeader: () => true,
    queueDepths: () => ({}),
    directory: () => ({ pods: 0, services: 0, workloads: 0 }),
    observed: () => ({}),
  })
  const metrics = registry.getMetricsAsArray().filter(({ name }) => name.startsWith('accesslog_'))
  t.deepEqual(
    documented('accesslog_'),
    metrics.map(({ name }) => name),
  )
  for (const { help } of metrics) t.true(reference.includes(help))
})
