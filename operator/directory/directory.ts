/** Whose an address is, for all pods and Services of the cluster, in as little memory as can be. */
import type { AddressOwner } from '../../crds/naming/addresses.ts'
import type { Labels } from '../../crds/naming/service.ts'
import { inCluster, inNamespace } from '../../crds/naming/workload.ts'
import type { ApiObject, Resource, Sink } from '../gather/reflector.ts'
import { type AddressKey, addressKey } from './address.ts'
import { type AddressEntry, ipv4Table, ipv6Table } from './address-table.ts'
import { Workloads } from './workloads.ts'

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
  readonly #ipv4 = ipv4Table()
  readonly #ipv6 = ipv6Table()
  readonly #serviceOf = new Map<AddressKey, ServiceEntry>()
  /** By `<namespace>/<name>`. */
  readonly #services = new Map<string, ServiceEntry>()
  #serviceListing = 0

  /** @param cluster put before names as `<cluster>::`; empty: nothing */
  constructor(cluster: string) {
    this.#cluster = cluster
    this.pods = {
      listing: () => this.#tables().forEach((table) => table.unmark()),
      listed: () => this.#tables().forEach((table) => table.sweep((id) => this.#workloads.release(id))),
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
    return {
      pods: this.#ipv4.size + this.#ipv6.size,
      services: this.#serviceOf.size,
      workloads: this.#workloads.size,
    }
  }

  /** Undefined: nothing in the cluster has the address, or it is the node's (pods of the host network). */
  lookup(address: string): AddressOwner | undefined {
    const key = addressKey(address)
    if (key === undefined) return undefined
    const pod = this.#at(key)
    if (pod) return this.#podOwner(pod)
    const service = this.#serviceOf.get(key)
    if (!service) return undefined
    const { name, namespace } = service
    return { kind: 'Service', service: inCluster(inNamespace(name, namespace), this.#cluster), namespace }
  }

  #podOwner(entry: AddressEntry): AddressOwner {
    const { namespace, name, container, service } = this.#workloads.factsOf(entry)
    return {
      kind: 'Pod',
      service: inCluster(service, this.#cluster),
      namespace,
      pod: name,
      ...(container !== undefined && { container }),
    }
  }

  #tables() {
    return [this.#ipv4, this.#ipv6]
  }

  #at(key: AddressKey): AddressEntry | undefined {
    return typeof key === 'number' ? this.#ipv4.get(key) : this.#ipv6.get(key)
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
    const entry = this.#workloads.acquire({ name, namespace, labels, ownerReferences }, container)
    const before = typeof key === 'number' ? this.#ipv4.set(key, entry) : this.#ipv6.set(key, entry)
    if (before) this.#workloads.release(before.workload)
  }

  #removePod(object: PodObject): void {
    for (const key of podKeys(object)) {
      const entry = this.#at(key)
      if (!entry || !this.#workloads.isOf(entry, object.metadata)) continue
      if (typeof key === 'number') this.#ipv4.delete(key)
      else this.#ipv6.delete(key)
      this.#workloads.release(entry.workload)
    }
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
