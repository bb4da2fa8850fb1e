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

/** Services of one namespace. */
interface NamespaceServices {
  revision: number
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
    const sorted = Object.entries(labels).sort(([one], [other]) => (one < other ? -1 : 1))
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
    const { revision = 0, byName = NO_SERVICES } = this.#services.get(namespace) ?? {}
    if (workload.serviceRevision !== revision) {
      workload.service = serviceNameOf(labelsOf(workload), byName.values())
      workload.serviceRevision = revision
    }
    return inNamespace(workload.service ?? (owner.kind === 'Pod' ? pod : owner.name), namespace)
  }

  putService(namespace: string, service: SelectingService): void {
    const services = this.#services.get(namespace) ?? { revision: 0, byName: new Map() }
    this.#services.set(namespace, services)
    services.byName.set(service.name, service)
    services.revision++
  }

  removeService(namespace: string, name: string): void {
    const services = this.#services.get(namespace)
    if (services?.byName.delete(name)) services.revision++
  }

  #create(key: string, shared: Pick<Workload, 'container' | 'namespace' | 'owner'>): Workload {
    const workload = { ...shared, key, pods: 0, service: undefined, serviceRevision: -1 }
    this.#byKey.set(key, workload)
    return workload
  }
}

/** Labels are needed rarely: the key is the only place where they are. */
function labelsOf({ key }: Workload): Labels {
  const [labels] = JSON.parse(key) as [[string, string][]]
  return Object.fromEntries(labels)
}
