/** AccessLogStatus: the operator's side of it, which is the node's assignment and that its agent is lost. Pure. */
import { ACCESS_LOG_STATUS, type AccessLogStatus } from '../../crds/gen/accesslogstatus.ts'
import { MANAGED_LABELS } from './metadata.ts'

const { apiVersion, kind } = ACCESS_LOG_STATUS

/** @param policy undefined: nothing is captured */
export function assignmentObject(
  node: { name: string; uid: string },
  policy: string | undefined,
): AccessLogStatus {
  return {
    apiVersion,
    kind,
    metadata: {
      name: node.name,
      labels: { ...MANAGED_LABELS },
      ownerReferences: [{ apiVersion: 'v1', kind: 'Node', name: node.name, uid: node.uid }],
    },
    spec: policy === undefined ? {} : { configRef: { name: policy } },
  }
}

/** For the status subresource; the agent takes the field back with its next report. */
export function lostObject(node: string) {
  return { apiVersion, kind, metadata: { name: node }, status: { state: 'Lost' } } as const
}
