// Generated from crds/*.yaml by `npm run generate`. Do not edit.

/** The part of Kubernetes' ObjectMeta that operator and agents use; a name is all that an apply needs. */
export interface ObjectMeta {
  name: string
  uid?: string
  resourceVersion?: string
  /** Counts the changes of the spec. */
  generation?: number
  /** RFC 3339, UTC, whole seconds. */
  creationTimestamp?: string
  deletionTimestamp?: string
  labels?: Record<string, string>
  annotations?: Record<string, string>
  ownerReferences?: OwnerReference[]
  finalizers?: string[]
}

/** The object is collected when its owner is gone. */
export interface OwnerReference {
  apiVersion: string
  kind: string
  name: string
  uid: string
  controller?: boolean
  blockOwnerDeletion?: boolean
}

/** One aspect of the object's state, as in every Kubernetes API. */
export interface Condition {
  /** What the condition is about, in CamelCase. (at most 316 characters) */
  type: string
  /** Whether it holds. */
  status: 'True' | 'False' | 'Unknown'
  /** Generation of the spec that the condition is about. (at least 0) */
  observedGeneration?: number
  /** When the status last changed. */
  lastTransitionTime: string
  /** Why, in one CamelCase word that programs can match on. (1 to 1024 characters) */
  reason: string
  /** Why, in a sentence for people. (at most 32768 characters) */
  message: string
}
