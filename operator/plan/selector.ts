/** Label selectors, as Kubernetes means them. Pure. */
import type { AccessLogPolicyNodeSelector } from '../../crds/gen/accesslogpolicy.ts'

export type Labels = Readonly<Record<string, string>>
type Requirement = NonNullable<AccessLogPolicyNodeSelector['matchExpressions']>[number]

/** Whether all requirements hold; without any, everything is selected. */
export function matches(selector: AccessLogPolicyNodeSelector, labels: Labels): boolean {
  for (const key in selector.matchLabels) if (valueOf(labels, key) !== selector.matchLabels[key]) return false
  return (selector.matchExpressions ?? []).every((requirement) => meets(requirement, labels))
}

function meets({ key, operator, values = [] }: Requirement, labels: Labels): boolean {
  const value = valueOf(labels, key)
  switch (operator) {
    case 'In':
      return value !== undefined && values.includes(value)
    case 'NotIn':
      return value === undefined || !values.includes(value)
    case 'Exists':
      return value !== undefined
    case 'DoesNotExist':
      return value === undefined
  }
}

function valueOf(labels: Labels, key: string): string | undefined {
  return Object.hasOwn(labels, key) ? labels[key] : undefined
}
