/** The name that the backend knows a workload by. Pure. */
import { type PodMetadata, ownerOf } from './owner.ts'
import { type SelectingService, serviceNameOf } from './service.ts'

/**
 * `<service>.<namespace>` of a pod: the Service that selects it, else its owner, else the pod itself. Without the
 * prefix of the cluster.
 * @param services those of the pod's namespace
 */
export function workloadName(pod: PodMetadata, services: Iterable<SelectingService>): string {
  const name = serviceNameOf(pod.labels ?? {}, services) ?? ownerOf(pod).name
  return inNamespace(name, pod.namespace)
}

/** `<name>.<namespace>` */
export function inNamespace(name: string, namespace: string): string {
  return `${name}.${namespace}`
}

/** `<cluster>::<name>`; as it is when the cluster has no name, or the name already names one. */
export function inCluster(name: string, cluster: string): string {
  return cluster === '' || name.includes('::') ? name : `${cluster}::${name}`
}
