/**
 * What the chart renders for five sets of values. After a change that is wanted:
 *   UPDATE_GOLDENS=1 npm test -- test/charts/goldens.test.ts
 */
import { readdirSync, readFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import test from 'ava'
import { GOLDENS, lintChart, renderChart } from './render.ts'

const cases = readdirSync(GOLDENS)

test('there are five sets of values', (t) => t.is(cases.length, 5))

for (const name of cases) {
  const values = join(GOLDENS, name, 'values.yaml')
  test(`${name}: renders what it did`, async (t) => {
    const path = join(GOLDENS, name, 'rendered.yaml')
    const rendered = await renderChart('--values', values)
    if (process.env['UPDATE_GOLDENS'] === '1') await writeFile(path, rendered)
    t.is(rendered, readFileSync(path, 'utf8'))
  })
  test(`${name}: passes helm lint --strict`, async (t) => {
    await t.notThrowsAsync(lintChart('--values', values))
  })
}
