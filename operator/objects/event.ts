/** Events: what a user of a policy must know and would not look for. Pure. */
import type { Condition } from '../../crds/gen/meta.ts'
import { FIELD_MANAGER } from './metadata.ts'

export interface EventSubject {
  apiVersion: string
  kind: string
  name: string
  uid: string
}

export interface EventText {
  type: 'Normal' | 'Warning'
  /** CamelCase. */
  reason: string
  /** CamelCase verb: what was done. */
  action: string
  message: string
}

const NOTE_CHARS_MAX = 1024
/** Events are namespaced; those about cluster-scoped objects go here. */
export const EVENT_NAMESPACE = 'default'

/** @param suffix makes the name unique @param time RFC 3339 with microseconds */
export function eventObject(
  subject: EventSubject,
  text: EventText,
  pod: string,
  suffix: string,
  time: string,
) {
  return {
    apiVersion: 'events.k8s.io/v1',
    kind: 'Event',
    metadata: { name: `${subject.name.slice(0, 200)}.${suffix}`, namespace: EVENT_NAMESPACE },
    eventTime: time,
    type: text.type,
    reason: text.reason,
    action: text.action,
    note: text.message.slice(0, NOTE_CHARS_MAX),
    regarding: subject,
    reportingController: FIELD_MANAGER,
    reportingInstance: pod,
  }
}

/**
 * What to tell when a policy's conditions change: a refusal, that it is accepted again, that other policies have taken
 * all its nodes, that nodes are degraded or lost. Each once, when it begins.
 */
export function transitions(before: readonly Condition[], after: readonly Condition[]): EventText[] {
  return after.flatMap((condition) => {
    const previous = before.find(({ type }) => type === condition.type)
    if (previous?.status === condition.status && previous.reason === condition.reason) return []
    const text = tell(condition, previous)
    return text ? [text] : []
  })
}

function tell(
  { type, status, reason, message }: Condition,
  previous: Condition | undefined,
): EventText | undefined {
  if (type === 'Accepted' && status === 'False')
    return { type: 'Warning', reason, action: 'Validate', message }
  if (type === 'Accepted' && previous) return { type: 'Normal', reason, action: 'Validate', message }
  if (type === 'Programmed' && reason === 'Overridden') {
    return { type: 'Warning', reason, action: 'Assign', message }
  }
  if (type === 'Degraded' && status === 'True') return { type: 'Warning', reason, action: 'Observe', message }
  return undefined
}
