/** `accesslog-agent run --kubernetes`: from the environment of the pod to a running node agent, until a signal. */
import { readFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { bootTimeNs } from './clock.ts'
import type { KubernetesCommand } from './config/cli.ts'
import type { AgentConfig } from './config/config.ts'
import { ADDRESSES_PATH, type AddressesResponse } from '../crds/naming/addresses.ts'
import { kubeconfigAccess, podAccess } from './control/access.ts'
import { ApiClient } from './control/api.ts'
import type { EffectiveConfig } from './control/effective.ts'
import { Delivery } from './delivery.ts'
import { collectGarbage } from './engine.ts'
import type { AccessLogError } from './errors.ts'
import type { TextOutput } from './flush/text.ts'
import { endOnSignal, standardOutput } from './foreground.ts'
import { helperPath } from './helper/path.ts'
import { CaptureLine, excludeOf, wantedLogs } from './line.ts'
import { NodeAgent } from './node.ts'
import { packageVersion } from './package.ts'
import { Pipeline } from './pipeline.ts'
import { closeLogger, type Logger, makeLogger } from './report/logger.ts'
import { podSettings, type PodSettings } from './settings.ts'
import { Cgroups } from './workloads/cgroups.ts'
import { cgroupRoot, NodeAddresses } from './workloads/kubernetes/host.ts'
import { PodCgroups } from './workloads/kubernetes/pod-cgroups.ts'
import { Pods } from './workloads/kubernetes/pods.ts'
import { PlacedProcesses } from './workloads/kubernetes/processes.ts'
import { ClusterAddresses } from './workloads/kubernetes/remote.ts'
import { PodWatch } from './workloads/kubernetes/watch.ts'
import type { WorkloadHint } from './workloads/workload.ts'
import { ProcessReader, procRoot } from './workloads/processes.ts'

/** Containers come and go: their cgroups are looked for more often than those of services. */
const WALK_INTERVAL_MS = 250
const STOP_DEADLINE_MS = 10_000

/** Runs to the end. Throws an AccessLogError when it could not start; returns the exit code otherwise. */
export async function runKubernetes(command: KubernetesCommand): Promise<number> {
  const end = Promise.withResolvers<AccessLogError | undefined>()
  const settings = podSettings(process.env)
  const { kubeconfigPath } = command
  const access = kubeconfigPath === undefined ? podAccess(process.env) : kubeconfigAccess(kubeconfigPath)
  const logger = makeLogger()
  endOnSignal(logger, () => end.resolve(undefined))
  const output = standardOutput(end.resolve)
  const pods = new Pods('')
  const delivery = new Delivery({ hostName: hostname(), bootTimeNs: bootTimeNs(), logger })
  const clusterName = () => line.state.wanted?.config.clusterName ?? ''
  const remotes = makeRemotes(settings.operator, pods, clusterName)
  const line: CaptureLine = makeLine(command, pods, remotes, delivery, output, logger, () => agent.changed())
  const agent = new NodeAgent({
    access,
    settings,
    environment: process.env,
    version: packageVersion(),
    pods,
    line,
    delivery,
    logger,
  })
  void agent.start().then(collectGarbage, (error: AccessLogError) => end.resolve(error))
  if (command.durationMs !== undefined) setTimeout(() => end.resolve(undefined), command.durationMs).unref()
  const failure = await end.promise
  await line.apply(undefined)
  remotes?.stop()
  await Promise.all([delivery.stop(STOP_DEADLINE_MS), agent.stop(), output.drained(STOP_DEADLINE_MS)])
  await closeLogger(logger)
  if (failure !== undefined) throw failure
  return 0
}

function makeLine(
  { output: format }: KubernetesCommand,
  pods: Pods,
  remotes: ClusterAddresses | undefined,
  delivery: Delivery,
  output: TextOutput,
  logger: Logger,
  onChange: () => void,
): CaptureLine {
  const reader = new ProcessReader(procRoot(process.env))
  const now = () => performance.now()
  const root = cgroupRoot(procRoot(process.env))
  const cgroups = new Cgroups({ root, now, walkIntervalMs: WALK_INTERVAL_MS })
  const addresses = new NodeAddresses(reader, procRoot(process.env), now)
  const processes = new PlacedProcesses({ reader, cgroups })
  const podCgroups = new PodCgroups(cgroups)
  // Counted once for all lines; each of them ends, the way to the backend does not.
  const sink = { push: delivery.push.bind(delivery), stop: () => Promise.resolve(), counters: undefined }
  const probesOf = (watch: PodWatch) => (pid: number, hint: WorkloadHint) => {
    const pod = line.state.wanted?.excludeProbes ? watch.podOf(pid, hint) : undefined
    return pod && { rules: pod.probes, nodeAddresses: addresses.with(pod.hostAddresses) }
  }
  const make = (wanted: EffectiveConfig, waits: boolean, onFailure: (error: AccessLogError) => void) => {
    const { config } = wanted
    const exclude = excludeOf(config)
    const watch = new PodWatch({ processes, pods, podCgroups, exclude, ownPids: [process.pid] })
    const pipeline = new Pipeline({
      config,
      wanted: wantedLogs(wanted),
      tls: wanted.collectors.tls,
      waits,
      helperPath: helperPath(process.env),
      bootTimeNs: bootTimeNs(),
      watch,
      directory: watch,
      text: { format, output },
      ...(remotes && { remotes }),
      probesOf: probesOf(watch),
      sender: sink,
      logger,
      onFailure,
    })
    return { pipeline, watch }
  }
  const setCluster = (name: string) => pods.setCluster(name)
  const deliver = (config: AgentConfig) => delivery.use(config)
  const line: CaptureLine = new CaptureLine({
    make,
    setCluster,
    deliver,
    delivery,
    logger,
    random: Math.random,
    onChange,
  })
  return line
}

/** Without an operator to ask, remote addresses go out as they are. */
function makeRemotes(
  operator: PodSettings['operator'],
  pods: Pods,
  clusterName: () => string,
): ClusterAddresses | undefined {
  if (operator === undefined) return undefined
  const token = () => readFileSync(operator.tokenPath, 'utf8').trim()
  const access = { server: operator.url, ca: () => undefined, token, client: undefined }
  const client = new ApiClient(access, `accesslog-agent/${packageVersion()}`)
  return new ClusterAddresses({
    pods,
    clusterName,
    ask: (addresses) =>
      client.json<AddressesResponse>({ method: 'POST', path: ADDRESSES_PATH, body: { addresses } }),
    now: () => performance.now(),
    random: Math.random,
  })
}
