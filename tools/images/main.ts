/**
 * node tools/images/main.ts product [ARCHIVE] | workload
 * product: the images of operator and agent, as their Dockerfiles would make them, of what `npm run build` made.
 * workload: one of programs that serve and ask. Prints the archive's path; `ctr images import` and `docker load` take it.
 */
import { productImages, workloadImage } from './images.ts'

const [command, archive] = process.argv.slice(2)

try {
  if (command !== 'product' && command !== 'workload')
    throw new Error('usage: node tools/images/main.ts product [ARCHIVE] | workload')
  process.stdout.write(`${await (command === 'product' ? productImages(archive) : workloadImage())}\n`)
} catch (error) {
  process.stderr.write(`images: ${(error as Error).message}\n`)
  process.exitCode = 1
}
