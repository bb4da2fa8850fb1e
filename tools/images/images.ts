/** The images that the end-to-end test runs. */
import { existsSync } from 'node:fs'
import { basename, join } from 'node:path'
import { REPOSITORY } from '../cluster/folders.ts'
import { type ImageSpec, writeArchive } from './archive.ts'
import { debianLayer, IMAGES, modulesLayer, nodeLayer, productLayer } from './layers.ts'

/** Tags of the images; pods use them with imagePullPolicy Never. */
export const OPERATOR_IMAGE = 'localhost/accesslog-operator:test'
export const AGENT_IMAGE = 'localhost/accesslog-agent:test'
/** nginx, python3, node, curl: servers and clients whose traffic is logged. */
export const WORKLOAD_IMAGE = 'localhost/workload:test'

const WORKLOAD_PACKAGES = ['nginx-light', 'python3', 'curl']

/** Writes the images of operator and agent into one archive. @returns its path, by default in the user's cache @throws when the product is not built */
export async function productImages(archive = join(IMAGES, 'product.tar')): Promise<string> {
  for (const file of [...OPERATOR.files, ...AGENT.files])
    if (!existsSync(join(REPOSITORY, file))) throw new Error(`${file} is missing: npm run build`)
  await writeArchive([await assemble('operator', OPERATOR), await assemble('agent', AGENT)], archive)
  return archive
}

/** Writes the image of servers and clients, unless the cache has it. @returns the archive */
export async function workloadImage(): Promise<string> {
  const layers = [await debianLayer(WORKLOAD_PACKAGES), await nodeLayer()]
  const archive = join(IMAGES, `workload-of-${layers.map((layer) => basename(layer, '.tar')).join('-')}.tar`)
  if (!existsSync(archive)) await writeArchive([{ tag: WORKLOAD_IMAGE, layers, entrypoint: [] }], archive)
  return archive
}

/** What a Dockerfile says about the image, and the local one follows. */
export interface Recipe {
  tag: string
  /** Debian packages. */
  packages: readonly string[]
  /** Paths of the repository, below /app of the image. `node_modules` stands for what the product needs of it. */
  files: readonly string[]
  main: string
  /** `NAME=VALUE`. */
  env: readonly string[]
  user?: string
}

/** As in operator/Dockerfile; a test compares them. */
export const OPERATOR: Recipe = {
  tag: OPERATOR_IMAGE,
  packages: ['ca-certificates'],
  files: ['package.json', 'build/js/operator/main.js', 'build/js/operator/main.js.LEGAL.txt'],
  main: '/app/build/js/operator/main.js',
  env: ['NODE_ENV=production', 'MALLOC_ARENA_MAX=1'],
  user: '65532:65532',
}

/** As in agent/Dockerfile; a test compares them. */
export const AGENT: Recipe = {
  tag: AGENT_IMAGE,
  packages: ['ca-certificates', 'libbpf1', 'libcbor0.8', 'libelf1', 'libzydis4.0', 'zlib1g'],
  files: ['node_modules', 'package.json', 'build/accesslog-helper', 'build/js/agent', 'build/js/crds'],
  main: '/app/build/js/agent/main.js',
  env: ['NODE_ENV=production'],
}

/** The agent's packages serve both, so that one Debian is bootstrapped and unpacked, not two. */
async function assemble(name: string, recipe: Recipe): Promise<ImageSpec> {
  const modules = recipe.files.includes('node_modules') ? [await modulesLayer()] : []
  const built = recipe.files.filter((file) => file !== 'node_modules')
  const product = await productLayer(name, built)
  return {
    tag: recipe.tag,
    layers: [await debianLayer(AGENT.packages), await nodeLayer(), ...modules, product],
    entrypoint: ['node', recipe.main],
    env: recipe.env,
    ...(recipe.user !== undefined && { user: recipe.user }),
  }
}
