/** AccessLogConfig: what one policy means to the agents of its nodes. Pure. */
import { ACCESS_LOG_CONFIG, type AccessLogConfig } from '../../crds/gen/accesslogconfig.ts'
import type { Accepted, Selection } from '../plan/acceptance.ts'
import type { ConfigView } from '../gather/observed.ts'
import { type ConfigContent, contentHash } from '../plan/render.ts'
import { MANAGED_LABELS } from './metadata.ts'

/** JSON of the accepted {@link Selection}: so the last good one outlives the operator. */
const SELECTION_ANNOTATION = 'accesslog.dev/accepted-selection'

/** Deleted by the API server when the policy is. */
export function configObject(policy: { name: string; uid: string }, accepted: Accepted): AccessLogConfig {
  const { apiVersion, kind } = ACCESS_LOG_CONFIG
  return {
    apiVersion,
    kind,
    metadata: {
      name: policy.name,
      labels: { ...MANAGED_LABELS },
      annotations: { [SELECTION_ANNOTATION]: JSON.stringify(accepted.selection) },
      ownerReferences: [{ apiVersion, kind: 'AccessLogPolicy', name: policy.name, uid: policy.uid }],
    },
    spec: {
      policy: { name: policy.name, uid: policy.uid, generation: accepted.generation },
      hash: accepted.hash,
      ...accepted.content,
    },
  }
}

/** What was put into force; undefined when somebody has changed the content or the annotation by hand. */
export function acceptedOf({ annotations, spec }: ConfigView): Accepted | undefined {
  const selection = parseSelection(annotations[SELECTION_ANNOTATION])
  const { policy, hash, ...content } = spec
  if (selection === undefined || contentHash(content) !== hash) return undefined
  return { generation: policy.generation, selection, content: content satisfies ConfigContent, hash }
}

function parseSelection(text: string | undefined): Selection | undefined {
  if (text === undefined) return undefined
  try {
    const value = JSON.parse(text) as Partial<Selection> | null
    const { active, priority, nodeSelector } = value ?? {}
    if (typeof active !== 'boolean' || typeof priority !== 'number') return undefined
    return nodeSelector && { active, priority, nodeSelector }
  } catch {
    return undefined // written by hand
  }
}
