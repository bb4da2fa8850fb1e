/** Feeds {@link Pods} from the API server: the pods of this node, and all Services by name and selector. */
import type { ApiClient } from '../../control/api.ts'
import type { ApiError } from '../../control/problem.ts'
import { Reflector, type ReflectorTimings } from '../../control/reflector.ts'
import { type PodFacts, type PodObject, podFacts } from './pod.ts'
import type { Pods, ServiceFacts } from './pods.ts'

export interface PodSourceOptions {
  client: ApiClient
  nodeName: string
  pods: Pods
  random: () => number
  /** Names or places may have changed. */
  onChange: () => void
  /** The connection for `what` broke, or is well again. */
  onContact: (what: string, problem: ApiError | undefined) => void
  timings?: Partial<ReflectorTimings>
}

/** A pod that ended keeps its name for what is still on the way; the API server deletes it when its owner does. */
export class PodSource {
  readonly #pods: Reflector<PodFacts>
  readonly #services: Reflector<ServiceFacts>

  constructor({ client, nodeName, pods, random, onChange, onContact, timings = {} }: PodSourceOptions) {
    const changing =
      <T>(change: (value: T) => void) =>
      (value: T) => {
        change(value)
        onChange()
      }
    this.#pods = new Reflector({
      client,
      path: '/api/v1/pods',
      query: { fieldSelector: `spec.nodeName=${nodeName}` },
      project: (object) => podFacts(object as PodObject),
      listener: {
        replaced: changing((all) => pods.replace(all)),
        changed: changing((pod) => pods.put(pod)),
        deleted: changing((pod) => pods.remove(pod.uid)),
        contact: (problem) => onContact('pods', problem),
      },
      random,
      timings,
    })
    this.#services = new Reflector({
      client,
      path: '/api/v1/services',
      query: {},
      project: serviceFacts,
      listener: {
        replaced: changing((all) => pods.replaceServices(all)),
        changed: changing((service) => pods.putService(service)),
        deleted: changing((service) => pods.removeService(service)),
        contact: (problem) => onContact('services', problem),
      },
      random,
      timings,
    })
  }

  /** Resolves when both were listed: before that, names would be wrong. */
  async start(): Promise<void> {
    this.#pods.start()
    this.#services.start()
    await Promise.all([this.#pods.synced, this.#services.synced])
  }

  async stop(): Promise<void> {
    await Promise.all([this.#pods.stop(), this.#services.stop()])
  }
}

/** As much of a v1 Service as names a pod: some 200 bytes. */
function serviceFacts(object: unknown): ServiceFacts {
  const { metadata, spec } = object as {
    metadata: { namespace: string; name: string }
    spec?: { selector?: Record<string, string> }
  }
  return { namespace: metadata.namespace, name: metadata.name, selector: spec?.selector }
}
