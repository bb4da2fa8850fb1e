/** Which cgroups the kernel is told to ignore: those of pods that a rule excludes. */
import type { TargetDifference } from '../plan.ts'
import type { PodCgroups } from './pod-cgroups.ts'

/** A kubelet makes the cgroup before it does anything else for a pod; one that has not by then may never. */
const LOOKS_MAX = 1_200

/**
 * A pod is known by the time that the kubelet makes its cgroup, and that is found before its first container runs: both
 * by looking, and by what runs there first, which is no program of the pod's but the runtime's.
 */
export class ExcludedCgroups {
  readonly #podCgroups: PodCgroups
  /** Of pods, as the kubelet names their cgroups. */
  #excluded: ReadonlySet<string> = new Set()
  #missing = new Set<string>()
  #looks = 0
  /** What the kernel was told. */
  readonly #told = new Set<number>()
  #changes = new Map<number, 'ignore' | 'forget'>()

  constructor(podCgroups: PodCgroups) {
    this.#podCgroups = podCgroups
  }

  /** The kernel knows nothing. */
  begin(): void {
    this.#told.clear()
    this.#changes.clear()
  }

  set(excluded: ReadonlySet<string>): void {
    const isNew = [...excluded].some((uid) => !this.#excluded.has(uid))
    if (isNew) this.#looks = 0
    this.#excluded = excluded
    this.#missing = new Set(excluded)
    this.#look()
  }

  /** A program of an excluded pod was executed, and the kernel did not ignore it by itself. */
  see(cgroupUid: string, cgroupId: number): void {
    this.#podCgroups.see(cgroupUid, cgroupId)
    this.#settle()
  }

  /** Looks again for cgroups that were not there. */
  look(): void {
    if (this.#missing.size > 0 && this.#looks++ < LOOKS_MAX) this.#look()
  }

  takeDifference(): TargetDifference['cgroups'] {
    if (this.#changes.size === 0) return undefined
    const changes = [...this.#changes]
    this.#changes = new Map()
    const idsOf = (wanted: 'ignore' | 'forget') =>
      changes.flatMap(([id, change]) => (change === wanted ? id : []))
    return { ignore: idsOf('ignore'), forget: idsOf('forget') }
  }

  #look(): void {
    for (const uid of this.#missing)
      if (this.#podCgroups.idOf(uid) !== undefined || this.#podCgroups.find(uid)) this.#missing.delete(uid)
    this.#settle()
  }

  #settle(): void {
    const wanted = new Set([...this.#excluded].flatMap((uid) => this.#podCgroups.idOf(uid) ?? []))
    for (const id of this.#told) if (!wanted.has(id)) this.#change(id, 'forget')
    for (const id of wanted) if (!this.#told.has(id)) this.#change(id, 'ignore')
  }

  #change(id: number, change: 'ignore' | 'forget'): void {
    if (change === 'ignore') this.#told.add(id)
    else this.#told.delete(id)
    this.#changes.set(id, change)
  }
}
