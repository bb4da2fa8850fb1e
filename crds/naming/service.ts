/** Which Service a pod is known by. Pure; used by the operator for the whole cluster, by an agent for its node. */

export type Labels = Readonly<Record<string, string>>

/** What this rule needs of a Service. Only Services of the pod's namespace are to be given to it. */
export interface SelectingService {
  name: string
  /** `spec.selector`; a Service without one, or with an empty one, selects nothing. */
  selector: Labels | undefined
}

/** Whether every label of the selector is on the pod. An empty or missing selector selects nothing. */
export function selects(selector: Labels | undefined, labels: Labels): boolean {
  if (selector === undefined) return false
  let count = 0
  for (const key in selector) {
    if (labels[key] !== selector[key]) return false
    count++
  }
  return count > 0
}

/**
 * Name of the Service whose selector matches the pod's labels: of several the shortest name, then the first in ASCII
 * order. Undefined when none matches.
 */
export function serviceNameOf(labels: Labels, services: Iterable<SelectingService>): string | undefined {
  let best: string | undefined
  for (const { name, selector } of services) {
    if (!selects(selector, labels)) continue
    if (best === undefined || isBefore(name, best)) best = name
  }
  return best
}

function isBefore(name: string, other: string): boolean {
  return name.length === other.length ? name < other : name.length < other.length
}
