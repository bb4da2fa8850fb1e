/** The base class with a transport that survives: what it would exit, swallow or never retry is done here instead. */
import type { KubernetesObject } from '@kubernetes/client-node'
import operatorModule, {
  type OperatorLogger,
  type ResourceEvent,
  ResourceEventType,
  type ResourceMeta,
  ResourceMetaImpl,
} from '@dot-i/k8s-operator'
import { type ApiObserver, ApiServer } from '../gather/api-server.ts'
import { PooledKubeConfig } from '../gather/kubeconfig.ts'
import {
  type ApiObject,
  Reflector,
  type ReflectorObserver,
  type Resource,
  type Sink,
} from '../gather/reflector.ts'
import { Store } from '../gather/store.ts'
import { FIELD_MANAGER } from '../objects/metadata.ts'
import { WorkQueue } from './work-queue.ts'

export type { OperatorLogger, ResourceEvent, ResourceMeta } from '@dot-i/k8s-operator'
export { ResourceEventType } from '@dot-i/k8s-operator'

const Operator = operatorModule.default

const BACKOFF = { initialMs: 200, maxMs: 30_000 }

export interface ReliableOperatorOptions {
  logger: OperatorLogger
  /** Default: the KUBECONFIG, or the service account of the pod. */
  kubeConfig?: PooledKubeConfig
  observeRequest?: ApiObserver
  observer: ReflectorObserver
}

/** The objects of one watched resource, and what is to be called for them. */
interface WatchedResource {
  store: Store<ApiObject>
  /** Objects that are gone, until `onEvent` knows. */
  tombstones: Map<string, ApiObject>
  queue: WorkQueue
}

export abstract class ReliableOperator extends Operator {
  protected readonly api: ApiServer
  readonly #observer: ReflectorObserver
  readonly #reflectors: Reflector[] = []
  /** Those of `watchResource`. */
  readonly #watches: Reflector[] = []
  readonly #queues: WorkQueue[] = []
  readonly #stop = new AbortController()

  constructor({ logger, kubeConfig, observeRequest, observer }: ReliableOperatorOptions) {
    super(logger)
    const pooled = kubeConfig ?? new PooledKubeConfig()
    if (!kubeConfig) pooled.loadFromDefault()
    this.kubeConfig = pooled
    this.api = new ApiServer(pooled, observeRequest)
    this.#observer = observer
  }

  /** Ends every watch. What is being worked on goes on to its end. */
  override stop(): void {
    this.#stop.abort()
    for (const queue of this.#queues) queue.close()
  }

  protected get stopped(): AbortSignal {
    return this.#stop.signal
  }

  /** Whether every collection has been read once. */
  get synced(): boolean {
    return this.#reflectors.every(({ synced }) => synced)
  }

  /** Whether `onEvent` knows of everything that has been read. */
  protected get watchesDelivered(): boolean {
    return this.#watches.every(({ synced }) => synced) && this.#queues.every(({ isIdle }) => isIdle)
  }

  /** Milliseconds since the API server last said something, of the collection that is silent for longest. */
  get silentMs(): number {
    return Math.max(0, ...this.#reflectors.map(({ silentMs }) => silentMs))
  }

  /** Keeps the sink equal to a collection, until the operator stops. @param heard the server said something of it */
  protected reflect(resource: Resource, sink: Sink, heard?: () => void): Reflector {
    const reflector = new Reflector({
      api: this.api,
      resource,
      sink,
      ...(heard && { heard }),
      observer: this.#observer,
      random: Math.random,
      now: () => performance.now(),
    })
    this.#reflectors.push(reflector)
    void reflector.run(this.#stop.signal)
    return reflector
  }

  /**
   * As in the base class, but level-triggered: `onEvent` is called with the newest state, once at a time for each
   * object, and again after a wait when it rejects. An object that vanished while nobody watched is `Deleted` too.
   */
  protected override async watchResource(
    group: string,
    version: string,
    plural: string,
    onEvent: (event: ResourceEvent) => Promise<void>,
    namespace?: string,
  ): Promise<void> {
    const watched = this.#watched(plural, group === '' ? version : `${group}/${version}`, onEvent)
    const path = new URL(this.getCustomResourceApiUri(group, version, plural, namespace)).pathname
    this.#watches.push(this.reflect({ name: plural, path }, watched.store))
    this.logger.info(`watching ${plural}`)
  }

  #watched(
    plural: string,
    apiVersion: string,
    onEvent: (event: ResourceEvent) => Promise<void>,
  ): WatchedResource {
    const tombstones = new Map<string, ApiObject>()
    const known = new Set<string>()
    const store = new Store<ApiObject>(
      (object) => object,
      (name, before, after) => {
        if (before && !after) tombstones.set(name, before)
        queue.add(name)
      },
      ({ metadata: { namespace, name } }) => (namespace === undefined ? name : `${namespace}/${name}`),
    )
    const work = async (name: string) => {
      const present = store.get(name)
      const object = present ?? tombstones.get(name)
      if (!object) return
      const type = present ? typeOf(known.has(name)) : ResourceEventType.Deleted
      await onEvent(eventOf(plural, apiVersion, object, type))
      if (present) known.add(name)
      else known.delete(name)
      tombstones.delete(name)
    }
    const failed = (name: string, error: unknown, retryMs: number) =>
      this.logger.warn(`${plural} ${name} is tried again in ${Math.round(retryMs)} ms: ${String(error)}`)
    const queue = new WorkQueue({ workers: 1, work, backoff: BACKOFF, random: Math.random, failed })
    this.#queues.push(queue)
    return { store, tombstones, queue }
  }

  protected override getCustomResourceApiUri(
    group: string,
    version: string,
    plural: string,
    namespace?: string,
  ): string {
    const server = this.kubeConfig.getCurrentCluster()?.server ?? ''
    const base = group === '' ? `/api/${version}/` : `/apis/${group}/${version}/`
    const scope = namespace === undefined ? '' : `namespaces/${namespace}/`
    return server.replace(/\/+$/, '') + base + scope + plural
  }

  /** Server-side apply of the whole status. @throws {ApiError} */
  protected override async setResourceStatus(
    meta: ResourceMeta,
    status: unknown,
  ): Promise<ResourceMeta | null> {
    const { apiVersion, kind, name } = meta
    const object = await this.api.json<ApiObject & KubernetesObject>({
      method: 'PATCH',
      path: `${this.#pathOf(meta)}/status`,
      query: { fieldManager: FIELD_MANAGER, force: 'true' },
      contentType: 'application/apply-patch+yaml',
      body: { apiVersion, kind, metadata: { name }, status },
      ...this.#fenced(),
    })
    return ResourceMetaImpl.createWithId(meta.id, object)
  }

  /** What is applied is the whole status; the same as {@link setResourceStatus}. @throws {ApiError} */
  protected override patchResourceStatus(meta: ResourceMeta, status: unknown): Promise<ResourceMeta | null> {
    return this.setResourceStatus(meta, status)
  }

  /** Refused with 409 when somebody else has changed the object meanwhile. @throws {ApiError} */
  protected override async setResourceFinalizers(meta: ResourceMeta, finalizers: string[]): Promise<void> {
    await this.api.json({
      method: 'PATCH',
      path: this.#pathOf(meta),
      query: { fieldManager: FIELD_MANAGER },
      contentType: 'application/merge-patch+json',
      body: { metadata: { finalizers, resourceVersion: meta.resourceVersion } },
      ...this.#fenced(),
    })
  }

  /** Aborts what this process may no longer write; undefined: it may not write now. */
  protected abstract fence(): AbortSignal | undefined

  #fenced(): { signal: AbortSignal } {
    const signal = this.fence()
    if (signal === undefined) throw new Error('only the leader writes')
    signal.throwIfAborted()
    return { signal }
  }

  /** `id` is `<plural>.<group>/<version>` or `<plural>.<version>`. */
  #pathOf({ id, apiVersion, namespace, name }: ResourceMeta): string {
    const plural = id.slice(0, -apiVersion.length - 1)
    const [version = '', group = ''] = apiVersion.split('/').reverse()
    const uri = this.getCustomResourceApiUri(group, version, plural, namespace)
    return `${new URL(uri).pathname}/${encodeURIComponent(name)}`
  }
}

function typeOf(isKnown: boolean): ResourceEventType {
  return isKnown ? ResourceEventType.Modified : ResourceEventType.Added
}

function eventOf(
  plural: string,
  apiVersion: string,
  object: ApiObject,
  type: ResourceEventType,
): ResourceEvent {
  const whole = { ...object, apiVersion } as ApiObject & KubernetesObject
  return { meta: ResourceMetaImpl.createWithPlural(plural, whole), type, object: whole }
}
