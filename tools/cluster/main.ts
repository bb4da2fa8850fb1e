/**
 * npm run --silent cluster -- up [--name NAME] [--controllers | --node [--image ARCHIVE]...]   starts a real API server,
 *   with --node a whole cluster with real pods; prints one line for the shell
 * npm run cluster -- down [--name NAME | --all]                  stops it and removes its data
 * npm run cluster -- list                                        names of clusters and how they are
 */
import { parseArgs } from 'node:util'
import { Cluster, down } from './cluster.ts'
import { clusterNames, find, type ClusterState } from './state.ts'

const USAGE =
  'usage: npm run cluster -- up [--name NAME] [--controllers | --node [--image ARCHIVE]...] | down [--name NAME | --all] | list'

interface Options {
  name: string
  controllers: boolean
  node: boolean
  /** Archives. */
  image: string[]
  all: boolean
}

/** A mistake of the caller: shown without a stack trace, exit code 2. */
class UsageError extends Error {}

function say(words: string): void {
  process.stderr.write(`cluster: ${words}\n`)
}

/** Brings it up unless it is. One that is there but dead is taken down first. */
async function up(options: Options): Promise<void> {
  const found = await find(options.name)
  if (found.is === 'starting') throw new Error(`${options.name} is being started by process ${found.pid}`)
  if (found.is === 'stale') {
    say(
      `${options.name} was left behind${found.dead.map((daemon) => `, ${daemon} is dead`).join('')}: starting anew`,
    )
    await down(options.name)
  }
  const { kubeconfig } =
    found.is === 'up' ? reuse(options, found.state) : await Cluster.up({ ...options, images: options.image })
  process.stdout.write(`export KUBECONFIG=${kubeconfig}\n`)
}

function reuse(options: Options, state: ClusterState): ClusterState {
  if (options.controllers && !state.controllers)
    throw new UsageError(
      `${options.name} runs without controllers: take it down first, or choose another --name`,
    )
  return state
}

async function downAll(names: readonly string[]): Promise<void> {
  for (const name of names) say((await down(name)) ? `${name} is down` : `${name} was not up`)
}

async function list(): Promise<void> {
  for (const name of await clusterNames()) {
    const found = await find(name)
    process.stdout.write(`${name}\t${found.is}${found.is === 'up' ? `\t${found.state.kubeconfig}` : ''}\n`)
  }
}

function parse(): { command: string | undefined; options: Options } {
  try {
    const { positionals, values } = parseArgs({
      allowPositionals: true,
      options: {
        name: { type: 'string', default: 'default' },
        controllers: { type: 'boolean', default: false },
        node: { type: 'boolean', default: false },
        image: { type: 'string', multiple: true, default: [] },
        all: { type: 'boolean', default: false },
      },
    })
    return { command: positionals.length === 1 ? positionals[0] : undefined, options: values }
  } catch (error) {
    throw new UsageError(`${(error as Error).message}\n${USAGE}`)
  }
}

async function main(): Promise<void> {
  const { command, options } = parse()
  if (command === 'up') await up(options)
  else if (command === 'down') await downAll(options.all ? await clusterNames() : [options.name])
  else if (command === 'list') await list()
  else throw new UsageError(USAGE)
}

try {
  await main()
} catch (error) {
  say((error as Error).message)
  process.exitCode = error instanceof UsageError ? 2 : 1
}
