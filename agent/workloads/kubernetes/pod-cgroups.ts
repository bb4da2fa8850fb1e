/** Cgroups of pods: by their ids the kernel knows whose a program is before its first instruction. */
import type { Cgroups } from '../cgroups.ts'

/** How a kubelet lays out the cgroups of its pods. */
interface Layout {
  /** Of guaranteed pods; those of the other classes are a level below. */
  readonly root: string
  /** systemd's driver: what every name begins with, for example `kubepods`. Undefined: cgroupfs. */
  readonly slice: string | undefined
}

/** Where kubelets put pods that are told nothing else. */
const USUAL: readonly Layout[] = [
  { root: '/kubepods', slice: undefined },
  { root: '/kubepods.slice', slice: 'kubepods' },
]
const CLASSES = ['burstable', 'besteffort']
/** A node has one layout, or two while its driver is changed. */
const LAYOUTS_MAX = 8

export class PodCgroups {
  readonly #cgroups: Cgroups
  readonly #layouts = new Map(USUAL.map((layout) => [layout.root, layout]))
  /** By the uid that the kubelet names the cgroup after. */
  readonly #ids = new Map<string, number>()

  constructor(cgroups: Cgroups) {
    this.#cgroups = cgroups
  }

  /** Id of the pod's cgroup; undefined: it was not found. */
  idOf(cgroupUid: string): number | undefined {
    return this.#ids.get(cgroupUid)
  }

  /** Takes in where a process of the pod is: the cgroup, and the layout of the node. */
  see(cgroupUid: string, cgroupId: number): void {
    const path = podPath(this.#cgroups.seen(cgroupId) ?? '')
    if (path === undefined) return
    const layout = layoutOf(path)
    if (layout && this.#layouts.size < LAYOUTS_MAX) this.#layouts.set(layout.root, layout)
    this.#remember(cgroupUid, this.#cgroups.learn(path))
  }

  /** Looks where the kubelet makes it: before any of the pod's containers. @returns whether it is there */
  find(cgroupUid: string): boolean {
    for (const layout of this.#layouts.values())
      for (const path of pathsIn(layout, cgroupUid))
        if (this.#remember(cgroupUid, this.#cgroups.learn(path))) return true
    return false
  }

  /** Forgets all pods but these. */
  keep(cgroupUids: ReadonlySet<string>): void {
    for (const uid of this.#ids.keys()) if (!cgroupUids.has(uid)) this.#ids.delete(uid)
  }

  #remember(cgroupUid: string, id: number): boolean {
    if (id !== 0) this.#ids.set(cgroupUid, id)
    return id !== 0
  }
}

const POD_FOLDER = /^(?:pod[0-9a-f][-0-9a-f]+|.+-pod[0-9a-f][_0-9a-f]+\.slice)$/

/** The part of a process's path that is its pod's; undefined where no folder is the pod's alone. */
export function podPath(path: string): string | undefined {
  const components = path.split('/')
  const at = components.findIndex((component) => POD_FOLDER.test(component))
  return at < 0 ? undefined : components.slice(0, at + 1).join('/')
}

/** @param path of a pod */
export function layoutOf(path: string): Layout | undefined {
  const systemd =
    /^(.*\/([^/]*kubepods)\.slice)(?:\/\2-[a-z]+\.slice)?\/\2(?:-[a-z]+)?-pod[^/]+\.slice$/.exec(path)
  if (systemd?.[1] !== undefined) return { root: systemd[1], slice: systemd[2] }
  const root = /^(.*\/kubepods)(?:\/[a-z]+)?\/pod[^/]+$/.exec(path)?.[1]
  return root === undefined ? undefined : { root, slice: undefined }
}

/** Where the cgroup of a pod is, whatever its class. */
export function pathsIn({ root, slice }: Layout, cgroupUid: string): string[] {
  if (slice === undefined)
    return ['', ...CLASSES.map((name) => `/${name}`)].map((of) => `${root}${of}/pod${cgroupUid}`)
  const pod = `pod${cgroupUid.replaceAll('-', '_')}.slice`
  const ofClass = (name: string) => `${root}/${slice}-${name}.slice/${slice}-${name}-${pod}`
  return [`${root}/${slice}-${pod}`, ...CLASSES.map(ofClass)]
}
