/** The text of /proc/PID/cgroup, and the systemd unit its paths name. Pure. */

/** One line, `hierarchy:controllers:path` (cgroups(7)). */
export interface CgroupLine {
  /** 0 for the unified (v2) hierarchy. */
  hierarchy: number
  /** For example `cpu,cpuacct` or `name=systemd`; empty for v2. */
  controllers: string
  /** Starts with `/`, relative to the reader's cgroup namespace. */
  path: string
}

/** The lines of /proc/PID/cgroup; lines of another form are skipped. */
export function parseCgroups(text: string): CgroupLine[] {
  return text.split('\n').flatMap((line) => parseLine(line) ?? [])
}

/** Only the first two colons separate: container runtimes put colons into paths. Zombies outlive their cgroup. */
function parseLine(line: string): CgroupLine | undefined {
  const match = /^(\d+):([^:]*):(\/.*?)(?: \(deleted\))?$/.exec(line)
  if (match === null) return undefined
  return { hierarchy: Number(match[1]), controllers: match[2] ?? '', path: match[3] ?? '/' }
}

/** The path in the v2 hierarchy, whose directory's inode number is the cgroup id of the kernel's records. */
export function unifiedPath(lines: readonly CgroupLine[]): string | undefined {
  return lines.find((line) => line.hierarchy === 0 && line.controllers === '')?.path
}

/**
 * The systemd service that these lines place a process in, for example `nginx.service`. systemd keeps its tree in
 * v2, in the v1 hierarchy `name=systemd`, or (hybrid) in both; a runtime without systemd may fill only the others.
 */
export function systemdServiceOf(lines: readonly CgroupLine[]): string | undefined {
  const systemd = lines.find((line) => line.controllers === 'name=systemd')
  const unified = unifiedPath(lines)
  return (unified && systemdService(unified)) ?? (systemd && systemdService(systemd.path))
}

/**
 * The service of a cgroup path, by the rules of systemd's cg_path_get_unit and cg_path_get_user_unit: slices are
 * folders, the first other component is the unit, and below `user@UID.service` the same holds for user units.
 * `undefined` for scopes (sessions, containers, init.scope), for the user manager itself and outside systemd.
 */
export function systemdService(path: string): string | undefined {
  const components = path.split('/').filter((component) => component !== '')
  const at = afterSlices(components, 0)
  const unit = unitName(components[at])
  if (unit === undefined || !isUserManager(unit)) return unit
  return unitName(components[afterSlices(components, at + 1)])
}

function afterSlices(components: readonly string[], from: number): number {
  let at = from
  while (components[at]?.endsWith('.slice')) at += 1
  return at
}

/** systemd puts `_` before a name that could be taken for a file of the cgroup file system (cg_escape). */
function unitName(component: string | undefined): string | undefined {
  const name = component?.startsWith('_') ? component.slice(1) : component
  return name?.endsWith('.service') && name.length > '.service'.length ? name : undefined
}

function isUserManager(unit: string): boolean {
  return /^user@\d+\.service$/.test(unit)
}

/** Names made up by `systemd-run`, new for every run: they would make a new service each time. */
const TRANSIENT = /^run-(u\d+|r[0-9a-f]+|p\d+-i\d+)\.service$/

/** Instances of `Accept=yes` sockets are named after their connection: `sshd@7-10.0.0.1:22-10.0.0.9:40022`. */
const PER_CONNECTION = /@\d+-.+:\d+-.+:\d+$/

/**
 * What to call the service of a systemd unit: `nginx.service` is `nginx`, `shop@blue.service` is `shop@blue`,
 * since instances of a template are different programs more often than not. `undefined` when the unit's name
 * says nothing lasting, and the process name serves better.
 */
export function serviceName(unit: string): string | undefined {
  if (TRANSIENT.test(unit)) return undefined
  return unit.slice(0, -'.service'.length).replace(PER_CONNECTION, '')
}
