/** Which workload a pod belongs to, as its metadata alone tells: no other object is read. Pure. */
import type { Labels } from './service.ts'

/** The members of `metadata` that name a pod. */
export interface PodMetadata {
  name: string
  namespace: string
  labels?: Labels | undefined
  ownerReferences?: readonly OwnerReference[] | undefined
}

export interface OwnerReference {
  kind: string
  name: string
  controller?: boolean | undefined
}

export interface Owner {
  kind:
    | 'CronJob'
    | 'DaemonSet'
    | 'Deployment'
    | 'Job'
    | 'Pod'
    | 'ReplicaSet'
    | 'ReplicationController'
    | 'StatefulSet'
  name: string
}

/**
 * A CronJob names its Jobs `<cronjob>-<minutes since 1970>`. Eight digits that are a minute from 2019 to 2084; a date
 * written as digits (20261124) is below that, so that a Job `backup-20261124` stays itself.
 */
const CRON_JOB = /^(.+)-([2-5]\d{7})$/
const CRON_MINUTE_MIN = 26_000_000

/**
 * The controller of a pod: a ReplicaSet whose name ends with the pod's `pod-template-hash` is a Deployment's; a Job
 * whose name ends with a scheduled minute is a CronJob's; otherwise the controller itself. A pod without one, or with
 * one of a kind that is not named here (a static pod's is its Node), is its own owner.
 */
export function ownerOf({ name, labels, ownerReferences = [] }: PodMetadata): Owner {
  const owner = ownerReferences.find(({ controller }) => controller) ?? ownerReferences[0]
  switch (owner?.kind) {
    case 'ReplicaSet':
      return replicaSetOwner(owner.name, labels?.['pod-template-hash'])
    case 'Job':
      return jobOwner(owner.name)
    case 'DaemonSet':
    case 'StatefulSet':
    case 'ReplicationController':
      return { kind: owner.kind, name: owner.name }
    default:
      return { kind: 'Pod', name }
  }
}

function replicaSetOwner(name: string, hash: string | undefined): Owner {
  const suffix = `-${hash}`
  const isDeployments = hash !== undefined && name.endsWith(suffix) && name.length > suffix.length
  if (!isDeployments) return { kind: 'ReplicaSet', name }
  return { kind: 'Deployment', name: name.slice(0, -suffix.length) }
}

function jobOwner(name: string): Owner {
  const [, cronJob, minute] = CRON_JOB.exec(name) ?? []
  if (cronJob === undefined || Number(minute) < CRON_MINUTE_MIN) return { kind: 'Job', name }
  return { kind: 'CronJob', name: cronJob }
}
