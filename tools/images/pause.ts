/** The image of the first container of every pod. */
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { CACHE } from '../cluster/folders.ts'
import { packLayer, writeArchive } from './archive.ts'

const run = promisify(execFile)
const SOURCE = join(import.meta.dirname, 'pause.c')

/** Builds it unless the cache has it. @returns the archive */
export async function pauseImage(tag: string): Promise<string> {
  const folder = join(CACHE, 'images')
  const archive = join(folder, 'pause.tar')
  if (existsSync(archive)) return archive
  await mkdir(folder, { recursive: true })
  const work = await mkdtemp(join(folder, '.pause-'))
  try {
    await mkdir(join(work, 'root'))
    await run('gcc', ['-static', '-Os', '-s', '-o', join(work, 'root/pause'), SOURCE])
    await packLayer(join(work, 'root'), join(work, 'layer.tar'))
    await writeArchive({ tag, layers: [join(work, 'layer.tar')], entrypoint: ['/pause'] }, archive)
  } finally {
    await rm(work, { recursive: true })
  }
  return archive
}
