/** What pods of one workload have in common, kept once for all of them. */
import { type Owner, type PodMetadata, ownerOf } from '../../crds/naming/owner.ts'
import { type Labels, type SelectingService, serviceNameOf } from '../../crds/naming/service.ts'
import { inNamespace } from '../../crds/naming/workload.ts'

/** Pods with the same namespace, owner, labels and container. */
export interface Workload {
  readonly key: string
  readonly namespace: string
  readonly owner: Owner
  /** Name of the only container. */
  readonly container: string | undefined
  /** Pods that refer to it. */
  pods: number
  /** `<service>.<namespace>` by the Services of that revision of the namespace; undefined: nothing selects it. */
  service: string | undefined
  serviceRevision: number
}

/** Labels that a StatefulSet gives each pod, and that the pod's name tells: not a part of what is shared. */
const POD_NAME = 'statefulset.kubernetes.io/pod-name'
const POD_INDEX = 'apps.kubernetes.io/pod-index'

/** Services of one namespace. */
interface NamespaceServices {
  revision: number
  /** Of these, how many select single pods of a StatefulSet: then a workload's pods differ. */
  bySinglePod: number
  byName: Map<string, SelectingService>
}

const NO_SERVICES: ReadonlyMap<string, SelectingService> = new Map()

export class Workloads {
  readonly #byKey = new Map<string, Workload>()
  readonly #services = new Map<string, NamespaceServices>()

  get size(): number {
    return this.#byKey.size
  }

  /** The workload of the pod, with one more reference to it. */
  acquire(pod: PodMetadata, container: string | undefined): Workload {
    const { namespace, labels = {} } = pod
    const owner = ownerOf(pod)
    // A pod that is its own owner is named by itself: its name is not a part of what is shared.
    const ownerKey = owner.kind === 'Pod' ? '' : owner.name
    const shared = owner.kind === 'StatefulSet' ? sharedLabels(labels, pod.name) : labels
    const sorted = Object.entries(shared).sort(([one], [other]) => (one < other ? -1 : 1))
    const key = JSON.stringify([sorted, namespace, owner.kind, ownerKey, container ?? null])
    const workload = this.#byKey.get(key) ?? this.#create(key, { namespace, owner, container })
    workload.pods++
    return workload
  }

  release(workload: Workload): void {
    if (--workload.pods === 0) this.#byKey.delete(workload.key)
  }

  /** `<service>.<namespace>`, by the Services that are there now. */
  nameOf(workload: Workload, pod: string): string {
    const { namespace, owner } = workload
    const { revision = 0, byName = NO_SERVICES, bySinglePod = 0 } = this.#services.get(namespace) ?? {}
    if (workload.serviceRevision !== revision || bySinglePod > 0) {
      workload.service = serviceNameOf(labelsOf(workload, pod), byName.values())
      workload.serviceRevision = revision
    }
    return inNamespace(workload.service ?? (owner.kind === 'Pod' ? pod : owner.name), namespace)
  }

  putService(namespace: string, service: SelectingService): void {
    this.removeService(namespace, service.name)
    const services = this.#services.get(namespace) ?? { revision: 0, bySinglePod: 0, byName: new Map() }
    this.#services.set(namespace, services)
    services.byName.set(service.name, service)
    services.bySinglePod += Number(selectsSinglePod(service))
    services.revision++
  }

  removeService(namespace: string, name: string): void {
    const services = this.#services.get(namespace)
    const service = services?.byName.get(name)
    if (!services || !service) return
    services.byName.delete(name)
    services.bySinglePod -= Number(selectsSinglePod(service))
    services.revision++
  }

  #create(key: string, shared: Pick<Workload, 'container' | 'namespace' | 'owner'>): Workload {
    const workload = { ...shared, key, pods: 0, service: undefined, serviceRevision: -1 }
    this.#byKey.set(key, workload)
    return workload
  }
}

/** Labels are needed rarely: the key is the only place where they are. */
function labelsOf({ key, owner }: Workload, pod: string): Labels {
  const [labels] = JSON.parse(key) as [[string, string][]]
  const shared = Object.fromEntries(labels)
  return owner.kind === 'StatefulSet' ? { [POD_NAME]: pod, [POD_INDEX]: indexOf(pod), ...shared } : shared
}

function sharedLabels(labels: Labels, pod: string): Labels {
  const { [POD_NAME]: name, [POD_INDEX]: index, ...shared } = labels
  return {
    ...shared,
    // Whoever has none must not be given one.
    ...(name !== pod && { [POD_NAME]: name ?? '' }),
    ...(index !== indexOf(pod) && { [POD_INDEX]: index ?? '' }),
  }
}

/** `2` of `db-2` */
function indexOf(pod: string): string {
  return pod.slice(pod.lastIndexOf('-') + 1)
}

function selectsSinglePod({ selector }: SelectingService): boolean {
  return selector?.[POD_NAME] !== undefined || selector?.[POD_INDEX] !== undefined
}
