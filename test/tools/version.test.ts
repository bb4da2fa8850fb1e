import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import test from 'ava'

const root = join(import.meta.dirname, '../..')

test('package and helper have one version', async (t) => {
  const { version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as { version: string }
  const header = await readFile(join(root, 'native/version.h'), 'utf8')
  t.is(/#define HELPER_VERSION "(.*)"/.exec(header)?.[1], version)
})
