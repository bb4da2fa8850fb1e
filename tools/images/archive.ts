/** Image archives as `docker save` writes them, of layers that are tar files: what ctr, docker and podman can load. */
import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { link, mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { promisify } from 'node:util'

const run = promisify(execFile)

export interface ImageSpec {
  /** With registry and tag, for instance `localhost/pause:1`. */
  tag: string
  /** Tar files, the lowest first. */
  layers: readonly string[]
  entrypoint: readonly string[]
  /** uid:gid or a name of the image; root when absent. */
  user?: string
  env?: readonly string[]
  workingFolder?: string
}

/** Packs a folder as a layer. Owners become root and times the epoch, so that equal files make equal layers. */
export async function packLayer(folder: string, file: string): Promise<void> {
  const same = ['--sort=name', '--mtime=@0', '--numeric-owner', '--owner=0', '--group=0']
  await run('tar', [...same, '-C', folder, '-cf', file, '.'])
}

/** Writes the archive. Layers are linked into it where the file system can, so a shared one takes no time. */
export async function writeArchive(spec: ImageSpec, file: string): Promise<void> {
  const work = await mkdtemp(join(dirname(file), '.image-'))
  try {
    const digests = await Promise.all(spec.layers.map(sha256))
    const names = digests.map((digest) => `${digest}.tar`)
    for (const [i, layer] of spec.layers.entries()) await link(layer, join(work, names[i] ?? ''))
    const config = JSON.stringify(imageConfig(spec, digests))
    const configName = `${createHash('sha256').update(config).digest('hex')}.json`
    await writeFile(join(work, configName), config)
    const manifest = [{ Config: configName, RepoTags: [spec.tag], Layers: names }]
    await writeFile(join(work, 'manifest.json'), JSON.stringify(manifest))
    await run('tar', ['-C', work, '-cf', `${file}.new`, 'manifest.json', configName, ...names])
    await rename(`${file}.new`, file)
  } finally {
    await rm(work, { recursive: true })
  }
}

function imageConfig(spec: ImageSpec, digests: readonly string[]): object {
  return {
    architecture: { x64: 'amd64', arm64: 'arm64' }[process.arch as 'x64' | 'arm64'],
    os: 'linux',
    config: {
      Entrypoint: spec.entrypoint,
      Env: ['PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', ...(spec.env ?? [])],
      ...(spec.user !== undefined && { User: spec.user }),
      ...(spec.workingFolder !== undefined && { WorkingDir: spec.workingFolder }),
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
