/** Pods as the API server gives them, as small as a test needs. */
import { type PodFacts, type PodObject, podFacts } from '../../../../agent/workloads/kubernetes/pod.ts'

type Spec = PodObject['spec']
type Status = NonNullable<PodObject['status']>

export interface PodParts {
  metadata?: Partial<PodObject['metadata']>
  spec?: Partial<Spec>
  status?: Status
}

/** 64 hexadecimal digits that begin with this one. */
export const id = (digit: string): string => digit.repeat(64)

export function podObject({ metadata = {}, spec = {}, status = {} }: PodParts = {}): PodObject {
  return {
    metadata: { uid: 'uid-1', namespace: 'shop', name: 'web-1', ...metadata },
    spec: { containers: [{ name: 'app' }], ...spec },
    status,
  }
}

export const aPod = (parts: PodParts = {}): PodFacts => podFacts(podObject(parts))

/** A container status with this id. */
export const statusOf = (name: string, containerId: string, state: object = { running: {} }) => ({
  name,
  containerID: `containerd://${containerId}`,
  state,
})
