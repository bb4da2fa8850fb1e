/** Image archives as `docker save` writes them, of layers that are tar files: what ctr, docker and podman can load. */
import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { link, mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** Whatever the archive's owner and time of change: equal files make equal layers. */
const REPRODUCIBLE = ['--sort=name', '--mtime=@0', '--numeric-owner', '--owner=0', '--group=0']

export interface ImageSpec {
  /** With registry and tag, for instance `localhost/pause:1`. */
  tag: string
  /** Tar files, the lowest first. */
  layers: readonly string[]
  entrypoint: readonly string[]
  /** uid:gid; root when absent. */
  user?: string
  env?: readonly string[]
}

/** Packs a whole folder as a layer: its content becomes the root. Modes stay, owners become root. */
export async function packRoot(folder: string, layer: string): Promise<void> {
  await pack(['-C', folder, '.'], layer)
}

/** Packs files and folders as a layer. @param paths below `folder` @param target folder of the image, without leading slash */
export async function packFiles(
  folder: string,
  paths: readonly string[],
  target: string,
  layer: string,
): Promise<void> {
  await pack([`--transform=s,^,${target}/,S`, '-C', folder, ...paths], layer)
}

/** A layer that is there is whole: it gets its name when it is. */
async function pack(args: readonly string[], layer: string): Promise<void> {
  const unfinished = `${layer}.${process.pid}`
  await run('tar', [...REPRODUCIBLE, '-cf', unfinished, ...args])
  await rename(unfinished, layer)
}

/** Writes images into one archive; a layer that several have is in it once. Layers must be on the archive's file system. */
export async function writeArchive(specs: readonly ImageSpec[], file: string): Promise<void> {
  const work = await mkdtemp(join(dirname(file), '.archive-'))
  try {
    const digests = new Map<string, string>()
    for (const layer of new Set(specs.flatMap((spec) => spec.layers)))
      digests.set(layer, await takeLayer(layer, work))
    const manifest = []
    for (const spec of specs) manifest.push(await writeConfig(spec, digests, work))
    await writeFile(join(work, 'manifest.json'), JSON.stringify(manifest))
    await packRoot(work, file)
  } finally {
    await rm(work, { recursive: true })
  }
}

/** Links the layer into the folder by its digest: whoever makes it anew meanwhile replaces the name, not this file. */
async function takeLayer(layer: string, work: string): Promise<string> {
  const taken = join(work, 'layer.tar')
  await link(layer, taken)
  const digest = await sha256(taken)
  await rename(taken, join(work, `${digest}.tar`))
  return digest
}

async function writeConfig(
  spec: ImageSpec,
  digests: ReadonlyMap<string, string>,
  work: string,
): Promise<object> {
  const layers = spec.layers.map((layer) => digests.get(layer) ?? '')
  const config = JSON.stringify(imageConfig(spec, layers))
  const name = `${createHash('sha256').update(config).digest('hex')}.json`
  await writeFile(join(work, name), config)
  return { Config: name, RepoTags: [spec.tag], Layers: layers.map((digest) => `${digest}.tar`) }
}

function imageConfig(spec: ImageSpec, digests: readonly string[]): object {
  return {
    architecture: process.arch === 'x64' ? 'amd64' : process.arch,
    os: 'linux',
    config: {
      Entrypoint: spec.entrypoint,
      Env: ['PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', ...(spec.env ?? [])],
      ...(spec.user !== undefined && { User: spec.user }),
    },
    rootfs: { type: 'layers', diff_ids: digests.map((digest) => `sha256:${digest}`) },
    history: digests.map(() => ({ created: '1970-01-01T00:00:00Z' })),
  }
}

async function sha256(file: string): Promise<string> {
  const hash = createHash('sha256')
  await pipeline(createReadStream(file), hash)
  return hash.digest('hex')
}
