/** Whose an address is, for all pods and Services of the cluster, in as little memory as can be. */
import type { AddressOwner } from '../../crds/naming/addresses.ts'
import type { Labels } from '../../crds/naming/service.ts'
import { inCluster, inNamespace } from '../../crds/naming/workload.ts'
import type { ApiObject, Resource, Sink } from '../gather/reflector.ts'
import { type AddressKey, addressKey } from './address.ts'
import { type Workload, Workloads } from './workloads.ts'

/** Pods are large: few at a time keep what a list needs in passing small. */
const PODS_PAGE_SIZE = 200
export const PODS: Resource = { name: 'pods', path: '/api/v1/pods', pageSize: PODS_PAGE_SIZE }
export const SERVICES: Resource = { name: 'services', path: '/api/v1/services' }

/** What is read of a Pod. */
interface PodObject extends ApiObject {
  spec?: { hostNetwork?: boolean; containers?: { name: string }[] }
  status?: { phase?: string; podIP?: string; podIPs?: { ip: string }[] }
}

/** What is read of a Service. */
interface ServiceObject extends ApiObject {
  spec?: { selector?: Labels; clusterIP?: string; clusterIPs?: string[]; externalIPs?: string[] }
  status?: { loadBalancer?: { ingress?: { ip?: string }[] } }
}

interface PodEntry {
  name: string
  workload: Workload
  listing: number
}

interface ServiceEntry {
  name: string
  namespace: string
  keys: AddressKey[]
  listing: number
}

export class Directory {
  readonly pods: Sink
  readonly services: Sink
  readonly #cluster: string
  readonly #workloads = new Workloads()
  readonly #podOf = new Map<AddressKey, PodEntry>()
  readonly #serviceOf = new Map<AddressKey, ServiceEntry>()
  /** By `<namespace>/<name>`. */
  readonly #services = new Map<string, ServiceEntry>()
  #podListing = 0
  #serviceListing = 0

  /** @param cluster put before names as `<cluster>::`; empty: nothing */
  constructor(cluster: string) {
    this.#cluster = cluster
    this.pods = {
      listing: () => this.#podListing++,
      listed: () => this.#sweepPods(),
      upsert: (object) => this.#putPod(object as PodObject),
      remove: (object) => this.#removePod(object as PodObject),
    }
    this.services = {
      listing: () => this.#serviceListing++,
      listed: () => this.#sweepServices(),
      upsert: (object) => this.#putService(object as ServiceObject),
      remove: ({ metadata: { namespace = '', name } }) => this.#removeService(`${namespace}/${name}`),
    }
  }

  /** Addresses of pods and of Services, and workloads that share what pods have in common. */
  get sizes(): { pods: number; services: number; workloads: number } {
    return { pods: this.#podOf.size, services: this.#serviceOf.size, workloads: this.#workloads.size }
  }

  /** Undefined: nothing in the cluster has the address, or it is the node's (pods of the host network). */
  lookup(address: string): AddressOwner | undefined {
    const key = addressKey(address)
    if (key === undefined) return undefined
    const pod = this.#podOf.get(key)
    if (pod) return this.#podOwner(pod)
    const service = this.#serviceOf.get(key)
    if (!service) return undefined
    const { name, namespace } = service
    return { kind: 'Service', service: inCluster(inNamespace(name, namespace), this.#cluster), namespace }
  }

  #podOwner({ name, workload }: PodEntry): AddressOwner {
    const { namespace, container } = workload
    return {
      kind: 'Pod',
      service: inCluster(this.#workloads.nameOf(workload, name), this.#cluster),
      namespace,
      pod: name,
      ...(container !== undefined && { container }),
    }
  }

  /** The address of a pod that has ended may already be another's. */
  #putPod(object: PodObject): void {
    const { spec = {}, status = {} } = object
    if (spec.hostNetwork) return
    if (status.phase === 'Succeeded' || status.phase === 'Failed') return this.#removePod(object)
    for (const key of podKeys(object)) this.#putPodAt(key, object)
  }

  #putPodAt(key: AddressKey, { metadata, spec }: PodObject): void {
    const { name, namespace = '', labels, ownerReferences } = metadata
    const containers = spec?.containers ?? []
    const container = containers.length === 1 ? containers[0]?.name : undefined
    const workload = this.#workloads.acquire({ name, namespace, labels, ownerReferences }, container)
    const before = this.#podOf.get(key)
    this.#podOf.set(key, { name, workload, listing: this.#podListing })
    if (before) this.#workloads.release(before.workload)
  }

  #removePod(object: PodObject): void {
    const { name, namespace } = object.metadata
    for (const key of podKeys(object)) {
      const entry = this.#podOf.get(key)
      if (entry?.name === name && entry.workload.namespace === namespace) this.#forgetPod(key, entry)
    }
  }

  #forgetPod(key: AddressKey, { workload }: PodEntry): void {
    this.#podOf.delete(key)
    this.#workloads.release(workload)
  }

  #sweepPods(): void {
    for (const [key, entry] of this.#podOf)
      if (entry.listing !== this.#podListing) this.#forgetPod(key, entry)
  }

  #putService(object: ServiceObject): void {
    const { name, namespace = '' } = object.metadata
    this.#removeService(`${namespace}/${name}`)
    this.#workloads.putService(namespace, { name, selector: object.spec?.selector })
    const entry = { name, namespace, keys: serviceKeys(object), listing: this.#serviceListing }
    this.#services.set(`${namespace}/${name}`, entry)
    for (const key of entry.keys) this.#serviceOf.set(key, entry)
  }

  #removeService(id: string): void {
    const entry = this.#services.get(id)
    if (!entry) return
    this.#services.delete(id)
    this.#workloads.removeService(entry.namespace, entry.name)
    for (const key of entry.keys) if (this.#serviceOf.get(key) === entry) this.#serviceOf.delete(key)
  }

  #sweepServices(): void {
    for (const [id, { listing }] of this.#services)
      if (listing !== this.#serviceListing) this.#removeService(id)
  }
}

function podKeys({ status = {} }: PodObject): AddressKey[] {
  const texts = status.podIPs?.map(({ ip }) => ip) ?? (status.podIP === undefined ? [] : [status.podIP])
  return keysOf(texts)
}

/** A headless Service says `None`. */
function serviceKeys({ spec = {}, status = {} }: ServiceObject): AddressKey[] {
  const { clusterIPs = [], clusterIP, externalIPs = [] } = spec
  const balanced = status.loadBalancer?.ingress?.map(({ ip }) => ip) ?? []
  return keysOf([...clusterIPs, clusterIP, ...externalIPs, ...balanced])
}

function keysOf(texts: readonly (string | undefined)[]): AddressKey[] {
  const keys = texts.map((text) => (text === undefined ? undefined : addressKey(text)))
  return [...new Set(keys.filter((key) => key !== undefined))]
}
