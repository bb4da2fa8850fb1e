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

/** As in operator/Dockerfile and agent/Dockerfile. */
const OPERATOR_USER = '65532:65532'
const AGENT_LIBRARIES = ['libbpf1', 'libcbor0.8', 'libelf1', 'zlib1g', 'ca-certificates']
const WORKLOAD_PACKAGES = ['nginx-light', 'python3', 'curl']

/** What `npm run build` and `npm ci` make, and the images take. */
const BUILT = ['build/js/operator/main.js', 'build/js/agent/main.js', 'build/accesslog-helper']

/** Writes the images of operator and agent into one archive. @returns its path, by default in the user's cache @throws when the product is not built */
export async function productImages(archive = join(IMAGES, 'product.tar')): Promise<string> {
  for (const file of BUILT)
    if (!existsSync(join(REPOSITORY, file))) throw new Error(`${file} is missing: npm run build`)
  await writeArchive([await operator(), await agent()], archive)
  return archive
}

/** Writes the image of servers and clients, unless the cache has it. @returns the archive */
export async function workloadImage(): Promise<string> {
  const layers = [await debianLayer(WORKLOAD_PACKAGES), await nodeLayer()]
  const archive = join(IMAGES, `workload-of-${layers.map((layer) => basename(layer, '.tar')).join('-')}.tar`)
  if (!existsSync(archive)) await writeArchive([{ tag: WORKLOAD_IMAGE, layers, entrypoint: [] }], archive)
  return archive
}

async function operator(): Promise<ImageSpec> {
  const product = await productLayer('operator', ['package.json', 'build/js/operator', ...shared()])
  return {
    tag: OPERATOR_IMAGE,
    layers: [await debianLayer(AGENT_LIBRARIES), await nodeLayer(), await modulesLayer(), product],
    entrypoint: ['node', '/app/build/js/operator/main.js'],
    user: OPERATOR_USER,
    env: ['NODE_ENV=production'],
  }
}

async function agent(): Promise<ImageSpec> {
  const built = ['package.json', 'build/accesslog-helper', 'build/js/agent', ...shared()]
  const product = await productLayer('agent', built)
  return {
    tag: AGENT_IMAGE,
    layers: [await debianLayer(AGENT_LIBRARIES), await nodeLayer(), await modulesLayer(), product],
    entrypoint: ['node', '/app/build/js/agent/main.js'],
    env: ['NODE_ENV=production'],
  }
}

/** Code that both halves import. */
function shared(): string[] {
  return ['build/js/crds'].filter((path) => existsSync(join(REPOSITORY, path)))
}
