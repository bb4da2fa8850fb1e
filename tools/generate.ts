/**
 * Everything in the repository that is derived from something else in it.
 *   node tools/generate.ts            writes the files
 *   node tools/generate.ts --verify   writes nothing; exits 1 and names each file that is stale
 */
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { format, resolveConfig } from 'prettier'
import { chartReadme } from './charts/readme.ts'
import { valuesSchema } from './charts/schema.ts'
import { readValues } from './charts/values.ts'
import { apiReference } from './crds/reference.ts'
import { readDefinition } from './crds/schema.ts'
import { metaModule, typesModule } from './crds/types.ts'
import { eventModule } from './generate-event.ts'
import { configReference, errorReference } from './generate-reference.ts'
import { wireModule } from './generate-wire.ts'

const root = join(import.meta.dirname, '..')

const CHART = 'charts/accesslog-operator'
const CRDS = ['accesslogpolicy', 'accesslogconfig', 'accesslogstatus']

/** Path of each generated file, with the function that makes its text. */
const TARGETS: Record<string, () => Promise<string>> = {
  'agent/connections/gen/event.ts': async () => eventModule(await source('bpf/event.h')),
  'agent/helper/gen/wire.ts': async () =>
    wireModule({
      wireDef: await source('native/wire.def'),
      wireHeader: await source('native/wire.h'),
      countersHeader: await source('native/counters.h'),
      eventHeader: await source('bpf/event.h'),
    }),
  'crds/gen/meta.ts': async () => metaModule(await Promise.all(CRDS.map(definition))),
  ...Object.fromEntries(
    CRDS.map((name) => [
      `crds/gen/${name}.ts`,
      async () => typesModule(await definition(name), `crds/${name}.yaml`),
    ]),
  ),
  // Helm reads nothing outside the chart.
  ...Object.fromEntries(
    CRDS.map((name) => [`${CHART}/crds/${name}.yaml`, async () => source(`crds/${name}.yaml`)]),
  ),
  [`${CHART}/values.schema.json`]: async () =>
    JSON.stringify(valuesSchema(await values(), (await definition('accesslogpolicy')).schema)),
  [`${CHART}/README.md`]: async () => chartReadme(await values()),
  'docs/reference/api.md': async () => apiReference(await Promise.all(CRDS.map(definition))),
  'docs/reference/config.md': async () => configReference(),
  'docs/reference/errors.md': async () => errorReference(),
}

/** The formatted text of every generated file, by path. */
export async function generate(): Promise<Map<string, string>> {
  const files = new Map<string, string>()
  for (const [path, make] of Object.entries(TARGETS)) {
    const options = await resolveConfig(join(root, path))
    files.set(path, await format(await make(), { ...options, filepath: path }))
  }
  return files
}

async function definition(name: string) {
  return readDefinition(await source(`crds/${name}.yaml`))
}

async function values() {
  return readValues(await source(`${CHART}/values.yaml`))
}

async function source(path: string): Promise<string> {
  return readFile(join(root, path), 'utf8')
}

async function write(files: ReadonlyMap<string, string>): Promise<void> {
  for (const [path, text] of files) {
    await mkdir(dirname(join(root, path)), { recursive: true })
    await writeFile(join(root, path), text)
    console.log(`wrote ${path}`)
  }
}

/** Paths whose text in the tree is not what would be generated. */
async function stale(files: ReadonlyMap<string, string>): Promise<string[]> {
  const paths: string[] = []
  for (const [path, text] of files) {
    const present = await source(path).catch(() => undefined)
    if (present !== text) paths.push(path)
  }
  return paths
}

if (import.meta.main) {
  const files = await generate()
  if (process.argv.includes('--verify')) {
    const paths = await stale(files)
    for (const path of paths) console.error(`${path} is stale: run npm run generate`)
    process.exitCode = paths.length === 0 ? 0 : 1
  } else {
    await write(files)
  }
}
