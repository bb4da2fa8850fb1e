/** Layers of the images, as tar files in the user's cache; each is named after what it is made of. */
import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { CACHE, REPOSITORY } from '../cluster/folders.ts'
import { packFiles, packRoot } from './archive.ts'

const run = promisify(execFile)

export const IMAGES = join(CACHE, 'images')
const SUITE = 'bookworm'
/** What only a person reads, and what apt can fetch again. Folders stay: servers expect those of their logs. */
const NOT_NEEDED = [
  'usr/share/doc',
  'usr/share/man',
  'usr/share/locale',
  'var/cache/apt',
  'var/lib/apt/lists',
  'var/log',
]

/** A small Debian with these packages beside those that it cannot be without. Takes up to a minute, once; needs root. */
export async function debianLayer(packages: readonly string[]): Promise<string> {
  return cached('debian', [SUITE, ...packages.toSorted((a, b) => (a < b ? -1 : 1))], async (layer) => {
    process.stderr.write(`images: bootstrapping Debian with ${packages.join(' ')}\n`)
    const root = await mkdtemp(join(IMAGES, '.debian-'))
    try {
      await run('debootstrap', ['--variant=minbase', `--include=${packages.join(',')}`, SUITE, root])
      const folders = NOT_NEEDED.map((path) => join(root, path))
      await run('find', [...folders, '!', '-type', 'd', '-delete'])
      await packRoot(root, layer)
    } finally {
      await rm(root, { recursive: true })
    }
  })
}

/** Node.js, the one of this repository, as /usr/local/bin/node. */
export async function nodeLayer(): Promise<string> {
  return cached('node', [process.version, process.arch], (layer) =>
    packFiles(join(process.execPath, '..'), ['node'], 'usr/local/bin', layer),
  )
}

/** Packages that the product needs when it runs, below /app. */
export async function modulesLayer(): Promise<string> {
  const lock = await readFile(join(REPOSITORY, 'node_modules/.package-lock.json'), 'utf8')
  const { packages } = JSON.parse(lock) as {
    packages: Record<string, { dev?: boolean; devOptional?: boolean }>
  }
  const paths = Object.entries(packages)
    .filter(([path, { dev, devOptional }]) => !dev && !devOptional && existsSync(join(REPOSITORY, path)))
    .map(([path]) => path)
    // Packages inside others come with them.
    .filter((path, _, all) => !all.some((other) => path.startsWith(`${other}/node_modules/`)))
  return cached('modules', [lock], (layer) => packFiles(REPOSITORY, paths, 'app', layer))
}

/** What is built from this repository, below /app; made anew each time. @param paths in the repository */
export async function productLayer(name: string, paths: readonly string[]): Promise<string> {
  await mkdir(IMAGES, { recursive: true })
  const layer = join(IMAGES, `${name}-layer.tar`)
  await packFiles(REPOSITORY, paths, 'app', layer)
  return layer
}

async function cached(
  name: string,
  parts: readonly string[],
  make: (layer: string) => Promise<void>,
): Promise<string> {
  await mkdir(IMAGES, { recursive: true })
  const key = createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 12)
  const layer = join(IMAGES, `${name}-${key}.tar`)
  if (!existsSync(layer)) await make(layer)
  return layer
}
