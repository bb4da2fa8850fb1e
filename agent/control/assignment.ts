/** What the operator assigned to this node: its AccessLogStatus, and the AccessLogConfig that this names. */
import {
  ACCESS_LOG_CONFIG,
  type AccessLogConfig,
  type AccessLogConfigSpec,
} from '../../crds/gen/accesslogconfig.ts'
import { ACCESS_LOG_STATUS, type AccessLogStatus } from '../../crds/gen/accesslogstatus.ts'
import type { Condition } from '../../crds/gen/meta.ts'
import type { ApiClient } from './api.ts'
import type { ApiError } from './problem.ts'
import { Reflector, type ReflectorTimings } from './reflector.ts'

/** As of now. */
export interface Assignment {
  /** Of the AccessLogStatus; undefined: the operator has not made it, or it was deleted. */
  generation: number | undefined
  /** Name of the AccessLogConfig; undefined: nothing is to be captured. */
  configName: string | undefined
  /** Undefined although there is a name: it does not exist, or it has not been read yet (`pending`). */
  config: AccessLogConfigSpec | undefined
  pending: boolean
}

export interface AssignmentOptions {
  client: ApiClient
  nodeName: string
  random: () => number
  /** Called when something of it changed. */
  onChange: (assignment: Assignment) => void
  /** The connection for `what` broke, or is well again. */
  onContact: (what: string, problem: ApiError | undefined) => void
  timings?: Partial<ReflectorTimings>
}

interface OwnStatus {
  generation: number
  configName: string | undefined
  conditions: readonly Condition[]
}

interface NamedConfig {
  name: string
  spec: AccessLogConfigSpec
}

export function collectionPath({ group, version, plural }: Record<'group' | 'version' | 'plural', string>) {
  return `/apis/${group}/${version}/${plural}`
}

/** Two watches of one object each. */
export class AssignmentWatch {
  readonly #options: AssignmentOptions
  readonly #own: Reflector<OwnStatus>
  #status: OwnStatus | undefined
  #firstConditions: readonly Condition[] = []
  #configs: Reflector<NamedConfig> | undefined
  #configName: string | undefined
  #config: AccessLogConfigSpec | undefined
  #pending = false

  constructor(options: AssignmentOptions) {
    this.#options = options
    this.#own = this.#reflect(
      'the assignment',
      collectionPath(ACCESS_LOG_STATUS),
      options.nodeName,
      readStatus,
      {
        replaced: (statuses) => this.#assign(statuses[0]),
        changed: (status) => this.#assign(status),
        deleted: () => this.#assign(undefined),
      },
    )
  }

  start(): void {
    this.#own.start()
  }

  /** Resolves when the assignment is known for the first time. */
  get synced(): Promise<void> {
    return this.#own.synced
  }

  /** Conditions of the status as this agent found it: an agent before this one wrote them. */
  get firstConditions(): readonly Condition[] {
    return this.#firstConditions
  }

  async stop(): Promise<void> {
    await Promise.all([this.#own.stop(), this.#configs?.stop()])
  }

  #assign(status: OwnStatus | undefined): void {
    const before = this.#status
    if (before === undefined && status !== undefined) this.#firstConditions = status.conditions
    this.#status = status
    const { configName, generation } = status ?? {}
    if (configName !== this.#configName) this.#follow(configName)
    else if (generation !== before?.generation) this.#tell()
  }

  /** Until the other config is there, the one before stays in force: nothing is told. */
  #follow(name: string | undefined): void {
    void this.#configs?.stop()
    if (this.#configs !== undefined) this.#options.onContact('the config', undefined)
    this.#configs = undefined
    this.#configName = name
    this.#config = undefined
    this.#pending = name !== undefined
    this.#tell()
    if (name === undefined) return
    const isCurrent = (): boolean => this.#configs === reflector
    const reflector: Reflector<NamedConfig> = this.#reflect(
      'the config',
      collectionPath(ACCESS_LOG_CONFIG),
      name,
      readConfig,
      {
        replaced: (configs) => isCurrent() && this.#take(configs[0]),
        changed: (config) => isCurrent() && this.#take(config),
        deleted: (): unknown => isCurrent() && this.#take(undefined),
      },
    )
    this.#configs = reflector
    reflector.start()
  }

  #take(config: NamedConfig | undefined): void {
    const changed = this.#pending || config?.spec.hash !== this.#config?.hash
    this.#pending = false
    this.#config = config?.spec
    if (changed) this.#tell()
  }

  #tell(): void {
    this.#options.onChange({
      generation: this.#status?.generation,
      configName: this.#configName,
      config: this.#config,
      pending: this.#pending,
    })
  }

  #reflect<T>(
    what: string,
    path: string,
    name: string,
    project: (object: unknown) => T,
    listener: Record<'replaced', (objects: readonly T[]) => unknown> &
      Record<'changed' | 'deleted', (object: T) => unknown>,
  ): Reflector<T> {
    const { client, random, onContact, timings = {} } = this.#options
    return new Reflector<T>({
      client,
      path,
      query: { fieldSelector: `metadata.name=${name}` },
      project,
      listener: {
        replaced: (objects) => void listener.replaced(objects),
        changed: (object) => void listener.changed(object),
        deleted: (object) => void listener.deleted(object),
        contact: (problem) => onContact(what, problem),
      },
      random,
      timings,
    })
  }
}

function readStatus(object: unknown): OwnStatus {
  const { metadata, spec, status } = object as AccessLogStatus
  return {
    generation: metadata.generation ?? 0,
    configName: spec.configRef?.name,
    conditions: status?.conditions ?? [],
  }
}

function readConfig(object: unknown): NamedConfig {
  const { metadata, spec } = object as AccessLogConfig
  return { name: metadata.name, spec }
}
