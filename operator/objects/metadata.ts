/** What the operator's objects have in common. */

/** The one field manager of everything that the operator writes. */
export const FIELD_MANAGER = 'accesslog-operator'

/** On objects that the operator makes. */
export const MANAGED_LABELS = { 'app.kubernetes.io/managed-by': FIELD_MANAGER } as const
