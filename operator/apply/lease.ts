/** The Lease object that replicas agree by, and who may hold it. Pure. */
import type { V1Lease } from '@kubernetes/client-node'

/** As the API server sends it: times are texts. */
export interface LeaseObject {
  apiVersion: 'coordination.k8s.io/v1'
  kind: 'Lease'
  metadata: { name: string; namespace: string; resourceVersion?: string }
  spec: Partial<Record<'acquireTime' | 'renewTime', string>> &
    Pick<NonNullable<V1Lease['spec']>, 'holderIdentity' | 'leaseDurationSeconds' | 'leaseTransitions'>
}

/** A record and when it was last seen to change, by a clock of one's own that never goes back. */
export interface ObservedLease {
  lease: LeaseObject
  changedMs: number
}

/** Clocks of other machines are not looked at: only whether the record has changed since one last looked. */
export function observe(
  previous: ObservedLease | undefined,
  lease: LeaseObject,
  nowMs: number,
): ObservedLease {
  const isSame = previous?.lease.metadata.resourceVersion === lease.metadata.resourceVersion
  return { lease, changedMs: previous && isSame ? previous.changedMs : nowMs }
}

/** Whether nobody holds it, or its holder has not renewed it for as long as it promised to. */
export function isFree({ lease, changedMs }: ObservedLease, nowMs: number): boolean {
  const { holderIdentity, leaseDurationSeconds = 0 } = lease.spec
  return !holderIdentity || nowMs - changedMs >= leaseDurationSeconds * 1000
}

/** @param present undefined: there is none yet @param time RFC 3339 with microseconds */
export function claimed(
  present: LeaseObject | undefined,
  name: LeaseObject['metadata'],
  holderIdentity: string,
  leaseDurationSeconds: number,
  time: string,
): LeaseObject {
  const isMine = present?.spec.holderIdentity === holderIdentity
  const transitions = present?.spec.leaseTransitions ?? 0
  return {
    apiVersion: 'coordination.k8s.io/v1',
    kind: 'Lease',
    metadata: present?.metadata ?? { name: name.name, namespace: name.namespace },
    spec: {
      holderIdentity,
      leaseDurationSeconds,
      acquireTime: (isMine && present.spec.acquireTime) || time,
      renewTime: time,
      leaseTransitions: present && !isMine ? transitions + 1 : transitions,
    },
  }
}

/** Given back: the next one need not wait. */
export function released(present: LeaseObject, time: string): LeaseObject {
  return {
    ...present,
    spec: { ...present.spec, holderIdentity: '', leaseDurationSeconds: 1, renewTime: time },
  }
}

/** RFC 3339 with microseconds, as MicroTime wants it. */
export function microTime(date: Date): string {
  return date.toISOString().replace('Z', '000Z')
}
