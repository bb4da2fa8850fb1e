/** The pods of this node and the Services that select them: names for places. Holds state, does no I/O. */
import { selects, type SelectingService } from '../../../crds/naming/service.ts'
import { inCluster, workloadName } from '../../../crds/naming/workload.ts'
import type { Place } from './container.ts'
import { containerWith, type PodFacts } from './pod.ts'

/** What is kept of a Service. */
export interface ServiceFacts extends SelectingService {
  readonly namespace: string
}

/** Who a place is: all that a log says of it but the process. */
export interface PodName {
  readonly namespace: string
  /** `<cluster>::<service>.<namespace>` */
  readonly service: string
  readonly pod: string
  /** Empty when it is not known, or the process is in none. */
  readonly container: string
}

export class Pods {
  #clusterName: string
  readonly #byUid = new Map<string, PodFacts>()
  readonly #byCgroupUid = new Map<string, PodFacts>()
  readonly #byContainer = new Map<string, PodFacts>()
  readonly #byAddress = new Map<string, PodFacts>()
  /** By namespace, by name. */
  readonly #services = new Map<string, Map<string, ServiceFacts>>()
  /** By pod uid, computed when asked for. */
  readonly #names = new Map<string, string>()

  constructor(clusterName: string) {
    this.#clusterName = clusterName
  }

  get size(): number {
    return this.#byUid.size
  }

  /** Every name changes. */
  setCluster(clusterName: string): void {
    this.#clusterName = clusterName
    this.#names.clear()
  }

  put(pod: PodFacts): void {
    this.remove(pod.uid)
    this.#byUid.set(pod.uid, pod)
    this.#byCgroupUid.set(pod.cgroupUid, pod)
    for (const { id } of pod.containers) if (id !== undefined) this.#byContainer.set(id, pod)
    // A pod in the node's network has the node's address, which is not its own.
    if (!pod.hostNetwork) for (const address of pod.addresses) this.#byAddress.set(address, pod)
  }

  /** Another pod may have taken over an address or, a static pod, the cgroup. */
  remove(uid: string): void {
    const pod = this.#byUid.get(uid)
    if (pod === undefined) return
    this.#byUid.delete(uid)
    this.#names.delete(uid)
    forget(this.#byCgroupUid, pod.cgroupUid, pod)
    for (const { id } of pod.containers) if (id !== undefined) forget(this.#byContainer, id, pod)
    for (const address of pod.addresses) forget(this.#byAddress, address, pod)
  }

  /** All pods there are. */
  replace(pods: readonly PodFacts[]): void {
    const uids = new Set(pods.map(({ uid }) => uid))
    for (const uid of [...this.#byUid.keys()]) if (!uids.has(uid)) this.remove(uid)
    for (const pod of pods) this.put(pod)
  }

  putService(service: ServiceFacts): void {
    const services = this.#services.get(service.namespace) ?? new Map<string, ServiceFacts>()
    const before = services.get(service.name)
    services.set(service.name, service)
    this.#services.set(service.namespace, services)
    this.#forgetSelected(service, before)
  }

  removeService({ namespace, name }: { namespace: string; name: string }): void {
    const services = this.#services.get(namespace)
    const before = services?.get(name)
    if (services === undefined || before === undefined) return
    services.delete(name)
    if (services.size === 0) this.#services.delete(namespace)
    this.#forgetSelected(before)
  }

  replaceServices(services: readonly ServiceFacts[]): void {
    this.#services.clear()
    this.#names.clear()
    for (const service of services) this.putService(service)
  }

  /** The pod of a place; undefined when it is not known (yet). */
  podAt({ podUid, containerId }: Place): PodFacts | undefined {
    const byPod =
      podUid === undefined ? undefined : (this.#byCgroupUid.get(podUid) ?? this.#byUid.get(podUid))
    return byPod ?? (containerId === undefined ? undefined : this.#byContainer.get(containerId))
  }

  podWithAddress(address: string): PodFacts | undefined {
    return this.#byAddress.get(address)
  }

  nameAt(place: Place): PodName | undefined {
    const pod = this.podAt(place)
    if (pod === undefined) return undefined
    const container = containerWith(pod, place.containerId)?.name ?? ''
    return { namespace: pod.namespace, service: this.serviceOf(pod), pod: pod.name, container }
  }

  /** `<cluster>::<service>.<namespace>` */
  serviceOf(pod: PodFacts): string {
    const known = this.#names.get(pod.uid)
    if (known !== undefined) return known
    const services = this.#services.get(pod.namespace)?.values() ?? []
    const name = inCluster(workloadName(pod, services), this.#clusterName)
    this.#names.set(pod.uid, name)
    return name
  }

  all(): Iterable<PodFacts> {
    return this.#byUid.values()
  }

  #forgetSelected(...services: readonly (ServiceFacts | undefined)[]): void {
    for (const pod of this.#byUid.values()) {
      const isTouched = services.some(
        (service) => service?.namespace === pod.namespace && selects(service.selector, pod.labels),
      )
      if (isTouched) this.#names.delete(pod.uid)
    }
  }
}

function forget(map: Map<string, PodFacts>, key: string, pod: PodFacts): void {
  if (map.get(key) === pod) map.delete(key)
}
