import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import test from 'ava'
import { REPOSITORY } from '../../tools/cluster/folders.ts'
import { AGENT, OPERATOR, type Recipe } from '../../tools/images/images.ts'

/** What the last stage of a Dockerfile makes of the image. */
async function lastStage(path: string): Promise<Omit<Recipe, 'tag'>> {
  const text = (await readFile(join(REPOSITORY, path), 'utf8')).replaceAll('\\\n', ' ')
  const stage = text.slice(text.lastIndexOf('\nFROM '))
  const [, packages = ''] = stage.match(/--no-install-recommends +([^&\n]+)/) ?? []
  const copies = [...stage.matchAll(/^COPY --from=build \/app\/(\S+) (\S+)$/gm)]
  const [, main = ''] = stage.match(/^ENTRYPOINT \["node", "(.*)"\]$/m) ?? []
  const [, env = ''] = stage.match(/^ENV (.*)$/m) ?? []
  const [, user] = stage.match(/^USER (.*)$/m) ?? []
  if (copies.some(([, from, to]) => from !== to)) throw new Error(`${path}: a file changes its place`)
  const files = copies.map(([, from]) => from ?? '')
  return {
    packages: packages.trim().split(/\s+/),
    files,
    main,
    env: env.split(' '),
    ...(user !== undefined && { user }),
  }
}

const images: Record<string, [dockerfile: string, recipe: Recipe]> = {
  'the operator of the end-to-end test is the one of its Dockerfile': ['operator/Dockerfile', OPERATOR],
  'the agent of the end-to-end test is the one of its Dockerfile': ['agent/Dockerfile', AGENT],
}

for (const [sentence, [dockerfile, recipe]] of Object.entries(images))
  test(sentence, async (t) => {
    const { tag: _, files, packages, ...rest } = recipe
    const stage = await lastStage(dockerfile)
    t.deepEqual(
      { ...stage, files: stage.files.toSorted(), packages: stage.packages.toSorted() },
      {
        ...rest,
        files: files.toSorted(),
        packages: packages.toSorted(),
      },
    )
  })
