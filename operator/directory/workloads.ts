/** What pods of one workload have in common, kept once for all of them. */
import { type Owner, type PodMetadata, ownerOf } from '../../crds/naming/owner.ts'
import { type Labels, type SelectingService, serviceNameOf } from '../../crds/naming/service.ts'
import { inNamespace } from '../../crds/naming/workload.ts'
import type { ObjectMeta } from '../gather/reflector.ts'
import { type AddressEntry, SUFFIX_BYTES_MAX } from './address-table.ts'

/** Pods with the same namespace, owner, labels, container and beginning of the name. */
interface Workload {
  readonly id: number
  /** JSON of its Facts, the only place where they are. */
  readonly key: string
  /** Addresses of pods that refer to it. */
  references: number
  /** Name of the Service, by the Services of that revision of the namespace; undefined: nothing selects it. */
  service: string | undefined
  serviceRevision: number
}

/** What the pods share. Labels are sorted. */
type Facts = [
  labels: [string, string][],
  namespace: string,
  ownerKind: Owner['kind'],
  /** Empty: the pod is its own owner, named by itself. */
  ownerName: string,
  container: string | null,
  /** What all their names begin with. */
  prefix: string,
]

/** What is answered about one pod. */
export interface PodFacts {
  namespace: string
  name: string
  /** Name of the only container. */
  container: string | undefined
  /** `<service>.<namespace>` */
  service: string
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

/** What the API server appends to `metadata.generateName`. */
const GENERATED_CHARS = 5

const NO_SERVICES: ReadonlyMap<string, SelectingService> = new Map()

export class Workloads {
  readonly #byKey = new Map<string, Workload>()
  readonly #byId: (Workload | undefined)[] = [undefined]
  readonly #freeIds: number[] = []
  readonly #services = new Map<string, NamespaceServices>()

  get size(): number {
    return this.#byKey.size
  }

  /** The workload of the pod, with one more reference to it, and what tells the pod from others of it. */
  acquire(pod: PodMetadata, container: string | undefined): AddressEntry {
    const { name, namespace, labels = {} } = pod
    const owner = ownerOf(pod)
    const ownerName = owner.kind === 'Pod' ? '' : owner.name
    const shared = owner.kind === 'StatefulSet' ? sharedLabels(labels, name) : labels
    const sorted = Object.entries(shared).sort(([one], [other]) => (one < other ? -1 : 1))
    const at = suffixStart(name)
    const prefix = name.slice(0, at)
    const facts: Facts = [sorted, namespace, owner.kind, ownerName, container ?? null, prefix]
    const key = JSON.stringify(facts)
    const workload = this.#byKey.get(key) ?? this.#create(key)
    workload.references++
    return { workload: workload.id, suffix: name.slice(at) }
  }

  release(id: number): void {
    const workload = this.#get(id)
    if (--workload.references > 0) return
    this.#byKey.delete(workload.key)
    this.#byId[id] = undefined
    this.#freeIds.push(id)
  }

  /** By the Services that are there now. */
  factsOf({ workload: id, suffix }: AddressEntry): PodFacts {
    const workload = this.#get(id)
    const facts = factsOf(workload)
    const [, namespace, , ownerName, container, prefix] = facts
    const name = prefix + suffix
    const service = this.#serviceOf(workload, facts, name) ?? (ownerName === '' ? name : ownerName)
    return { namespace, name, container: container ?? undefined, service: inNamespace(service, namespace) }
  }

  /** Whether the entry is that pod's. */
  isOf({ workload, suffix }: AddressEntry, { name, namespace = '' }: ObjectMeta): boolean {
    const [, ofNamespace, , , , prefix] = factsOf(this.#get(workload))
    return ofNamespace === namespace && prefix + suffix === name
  }

  /** Name of the Service that selects the pod. */
  #serviceOf(workload: Workload, facts: Facts, pod: string): string | undefined {
    const [, namespace] = facts
    const { revision = 0, byName = NO_SERVICES, bySinglePod = 0 } = this.#services.get(namespace) ?? {}
    if (workload.serviceRevision !== revision || bySinglePod > 0) {
      workload.service = serviceNameOf(labelsOf(facts, pod), byName.values())
      workload.serviceRevision = revision
    }
    return workload.service
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

  #get(id: number): Workload {
    const workload = this.#byId[id]
    if (!workload) throw new Error(`no workload has the number ${id}`)
    return workload
  }

  #create(key: string): Workload {
    const id = this.#freeIds.pop() ?? this.#byId.length
    const workload = { id, key, references: 0, service: undefined, serviceRevision: -1 }
    this.#byId[id] = workload
    this.#byKey.set(key, workload)
    return workload
  }
}

function factsOf({ key }: Workload): Facts {
  return JSON.parse(key) as Facts
}

/** Where a name goes its own way: after the last dash, or at the five characters that a long name is given without one. */
function suffixStart(name: string): number {
  const start = name.lastIndexOf('-') + 1
  return name.length - start <= SUFFIX_BYTES_MAX ? start : name.length - GENERATED_CHARS
}

function labelsOf([labels, , ownerKind]: Facts, pod: string): Labels {
  const shared = Object.fromEntries(labels)
  return ownerKind === 'StatefulSet' ? { [POD_NAME]: pod, [POD_INDEX]: indexOf(pod), ...shared } : shared
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
