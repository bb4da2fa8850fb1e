/** What of a policy is in force: its spec when that can be applied, else the last one that could. Pure. */
import type { AccessLogPolicyNodeSelector, AccessLogPolicySpec } from '../../crds/gen/accesslogpolicy.ts'
import type { SecretView } from '../gather/secrets.ts'
import { type ConfigContent, type InstallDefaults, contentHash, render, secretsOf } from './render.ts'
import { contentProblems } from './validate.ts'

/** How a policy competes for nodes. */
export interface Selection {
  active: boolean
  priority: number
  nodeSelector: AccessLogPolicyNodeSelector
}

/** A spec that was accepted, ready to be put into force. */
export interface Accepted {
  /** Generation of the policy that it was rendered from. */
  generation: number
  selection: Selection
  content: ConfigContent
  hash: string
}

/** Why a spec is not accepted. */
export interface Refusal {
  /** CamelCase, for a condition. */
  reason: 'InvalidSpec' | 'NoBackend' | 'SecretKeyMissing' | 'SecretNotFound' | 'SecretNotReadable'
  /** What is wrong and what to change. */
  message: string
}

export interface JudgedPolicy {
  uid: string
  generation: number
  spec: AccessLogPolicySpec
}

export interface Judgement {
  /** In force; undefined: nothing was ever accepted, the policy does not compete. */
  accepted: Accepted | undefined
  /** Of the newest generation; undefined: it is accepted. */
  refusal: Refusal | undefined
}

/**
 * @param lastGood what was in force before, of the same policy
 * @returns undefined while a Secret that matters is unknown: then nothing is to change
 */
export function judge(
  policy: JudgedPolicy,
  defaults: InstallDefaults,
  secret: (name: string) => SecretView,
  lastGood: Accepted | undefined,
): Judgement | undefined {
  const content = render(policy.spec, defaults)
  if (content === undefined) return { accepted: lastGood, refusal: NO_BACKEND }
  const problems = contentProblems(content)
  if (problems.length > 0) {
    return { accepted: lastGood, refusal: { reason: 'InvalidSpec', message: problems.join('; ') } }
  }
  const views = [...secretsOf(content)].map(([name, keys]) => ({ name, keys, view: secret(name) }))
  if (views.some(({ view }) => view === 'unknown')) return undefined
  for (const { name, keys, view } of views) {
    const refusal = secretRefusal(name, keys, view)
    if (refusal) return { accepted: lastGood, refusal }
  }
  const { active, priority, nodeSelector } = policy.spec
  const selection = { active, priority, nodeSelector }
  const accepted = { generation: policy.generation, selection, content, hash: contentHash(content) }
  return { accepted, refusal: undefined }
}

const NO_BACKEND: Refusal = {
  reason: 'NoBackend',
  message: 'no backend is known: set spec.backend.address, or backend.address of the chart',
}

function secretRefusal(name: string, keys: ReadonlySet<string>, view: SecretView): Refusal | undefined {
  const named = `Secret "${name}" in the namespace of the operator`
  if (view === 'missing' || view === 'unknown') {
    return { reason: 'SecretNotFound', message: `${named} does not exist: create it, or name another` }
  }
  if (view === 'forbidden') {
    const message = `${named} may not be read: list it in backend.secrets of the chart`
    return { reason: 'SecretNotReadable', message }
  }
  const missing = [...keys].filter((key) => !view.has(key))
  if (missing.length === 0) return undefined
  return { reason: 'SecretKeyMissing', message: `${named} has no key ${missing.join(', ')}: add it` }
}
