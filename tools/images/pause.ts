/** The image of the first container of every pod. */
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { packRoot, writeArchive } from './archive.ts'
import { IMAGES } from './layers.ts'

const run = promisify(execFile)
const SOURCE = join(import.meta.dirname, 'pause.c')

/** Builds it unless the cache has it. @returns the archive */
export async function pauseImage(tag: string): Promise<string> {
  const archive = join(IMAGES, 'pause.tar')
  if (existsSync(archive)) return archive
  await mkdir(IMAGES, { recursive: true })
  const work = await mkdtemp(join(IMAGES, '.pause-'))
  try {
    await mkdir(join(work, 'root'))
    await run('gcc', ['-static', '-Os', '-s', '-o', join(work, 'root/pause'), SOURCE])
    const layer = join(work, 'layer.tar')
    await packRoot(join(work, 'root'), layer)
    await writeArchive([{ tag, layers: [layer], entrypoint: ['/pause'] }], archive)
  } finally {
    await rm(work, { recursive: true })
  }
  return archive
}
