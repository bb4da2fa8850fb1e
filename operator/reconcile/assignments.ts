/** Puts plans into force: AccessLogConfigs first, then each node's assignment, then what nobody needs any more. */
import { setImmediate as turn } from 'node:timers/promises'
import { ACCESS_LOG_CONFIG } from '../../crds/gen/accesslogconfig.ts'
import { ACCESS_LOG_STATUS } from '../../crds/gen/accesslogstatus.ts'
import type { Writer } from '../apply/writer.ts'
import { type ConfigView, type Observed, collectionPath } from '../gather/observed.ts'
import type { ApiObject } from '../gather/reflector.ts'
import type { Secrets } from '../gather/secrets.ts'
import { acceptedOf, configObject } from '../objects/accesslogconfig.ts'
import { assignmentObject } from '../objects/accesslogstatus.ts'
import type { Accepted } from '../plan/acceptance.ts'
import { type Force, inForce } from '../plan/force.ts'
import { type InstallDefaults, render, secretsOf } from '../plan/render.ts'

export interface AssignmentsOptions {
  observed: Observed
  secrets: Pick<Secrets, 'view' | 'want'>
  writer: Writer
  defaults: InstallDefaults
  /** The assignment of this node is not what it should be. */
  nodePending: (node: string) => void
}

const CONFIG_PATH = collectionPath(ACCESS_LOG_CONFIG)
const STATUS_PATH = collectionPath(ACCESS_LOG_STATUS)

export class Assignments {
  readonly #options: AssignmentsOptions
  /** What was last in force of each policy, by uid: also of one that governs no node and so has no config. */
  readonly #lastGood = new Map<string, Accepted>()
  #force: Force | undefined

  constructor(options: AssignmentsOptions) {
    this.#options = options
  }

  /** The newest plan; undefined before the first. */
  get force(): Force | undefined {
    return this.#force
  }

  /** Makes a new plan and begins to put it into force. @throws what the API server refused; the rest was still done */
  async plan(): Promise<void> {
    const { observed, secrets, defaults } = this.#options
    this.#wantSecrets()
    const force = inForce({
      policies: views(observed.policies),
      nodes: views(observed.nodes),
      defaults,
      secret: (name) => secrets.view(name),
      lastGood: ({ uid, name }) =>
        this.#lastGood.get(uid) ?? this.#fromConfig(observed.configs.get(name), uid),
    })
    this.#force = force
    this.#remember(force)
    const failures = [...(await this.#writeConfigs(force)), ...(await this.#prune(force))]
    this.#queueNodes(force)
    if (failures.length > 0) throw failures[0]
  }

  /** Writes the node's assignment, if it is not what it should be. @throws {ApiError} */
  async assign(name: string): Promise<void> {
    const { observed, writer } = this.#options
    const node = observed.nodes.get(name)
    if (!node || !this.#isPending(name)) return
    const policy = this.#force?.winners.get(name)
    if (policy !== undefined && !this.#isWritten(policy)) return // the plan comes back to it
    const path = `${STATUS_PATH}/${encodeURIComponent(name)}`
    if (policy === undefined && observed.reports.get(name)?.configName !== undefined) {
      // An apply that gives up the last field of a struct leaves null, which the schema refuses.
      observed.reports.upsert(await writer.replaceSpec(path, {}, 'nodes'))
    }
    if (!this.#isPending(name)) return
    observed.reports.upsert(await writer.apply<ApiObject>(path, assignmentObject(node, policy), 'nodes'))
  }

  #wantSecrets(): void {
    const { observed, secrets, defaults } = this.#options
    const names = new Set<string>()
    for (const { spec } of views(observed.policies)) {
      const content = render(spec, defaults)
      if (content) for (const name of secretsOf(content).keys()) names.add(name)
    }
    secrets.want(names)
  }

  #fromConfig(config: ConfigView | undefined, policyUid: string): Accepted | undefined {
    return config?.spec.policy.uid === policyUid ? acceptedOf(config) : undefined
  }

  #remember({ judgements }: Force): void {
    const uids = new Set<string>()
    for (const { name, uid } of views(this.#options.observed.policies)) {
      const accepted = judgements.get(name)?.accepted
      uids.add(uid)
      if (accepted) this.#lastGood.set(uid, accepted)
    }
    for (const uid of this.#lastGood.keys()) if (!uids.has(uid)) this.#lastGood.delete(uid)
  }

  /** One for each policy that governs a node. @returns what failed */
  async #writeConfigs({ judgements, shares }: Force): Promise<unknown[]> {
    const { observed } = this.#options
    const failures: unknown[] = []
    for (const policy of [...views(observed.policies)]) {
      const accepted = judgements.get(policy.name)?.accepted
      const governs = (shares.get(policy.name)?.governed ?? 0) > 0
      if (!accepted || !governs || this.#isCurrent(policy.name, policy.uid, accepted)) continue
      await this.#writeConfig(policy, accepted).catch((error: unknown) => failures.push(error))
    }
    return failures
  }

  async #writeConfig(policy: { name: string; uid: string }, accepted: Accepted): Promise<void> {
    const { observed, writer } = this.#options
    const path = `${CONFIG_PATH}/${encodeURIComponent(policy.name)}`
    const body = configObject(policy, accepted)
    observed.configs.upsert(await writer.apply<ApiObject>(path, body, 'policies'))
    if (this.#isCurrent(policy.name, policy.uid, accepted)) return
    // Optional fields that another field manager has added stay after an apply.
    observed.configs.upsert(await writer.replaceSpec(path, body.spec, 'policies'))
  }

  /** Whether the config that is there is exactly what is accepted. */
  #isCurrent(name: string, uid: string, { hash, generation, selection }: Accepted): boolean {
    const config = this.#options.observed.configs.get(name)
    const present = this.#fromConfig(config, uid)
    if (present?.hash !== hash || present.generation !== generation) return false
    return JSON.stringify(present.selection) === JSON.stringify(selection)
  }

  #isWritten(policy: string): boolean {
    const hash = this.#force?.judgements.get(policy)?.accepted?.hash
    return hash !== undefined && this.#options.observed.configs.get(policy)?.spec.hash === hash
  }

  /** Configs that govern no node and that no node is told to apply; statuses of nodes that are gone. */
  async #prune({ shares }: Force): Promise<unknown[]> {
    const { observed, writer } = this.#options
    const failures: unknown[] = []
    const referred = new Set([...views(observed.reports)].map(({ configName }) => configName))
    for (const { name, uid } of [...views(observed.configs)]) {
      if ((shares.get(name)?.governed ?? 0) > 0 || referred.has(name)) continue
      const path = `${CONFIG_PATH}/${encodeURIComponent(name)}`
      await writer.remove(path, uid, 'policies').catch((error: unknown) => failures.push(error))
    }
    for (const [name] of [...observed.reports]) if (!observed.nodes.get(name)) this.#options.nodePending(name)
    await turn()
    return failures
  }

  /** Deletes the AccessLogStatus of a node that is gone. @throws {ApiError} */
  async forget(name: string): Promise<void> {
    const { observed, writer } = this.#options
    const report = observed.reports.get(name)
    if (!report || observed.nodes.get(name)) return
    await writer.remove(`${STATUS_PATH}/${encodeURIComponent(name)}`, report.uid, 'nodes')
  }

  #queueNodes({ winners }: Force): void {
    for (const name of winners.keys()) if (this.#isPending(name)) this.#options.nodePending(name)
  }

  #isPending(name: string): boolean {
    const { observed } = this.#options
    const report = observed.reports.get(name)
    if (!report || report.nodeUid !== observed.nodes.get(name)?.uid) return true
    return report.configName !== this.#force?.winners.get(name)
  }
}

function* views<T>(store: Iterable<[string, T]>): Generator<T> {
  for (const [, view] of store) yield view
}
