/** A value as somebody gave it: still text, with the place it came from. */

export type Origin =
  | { kind: 'default' }
  | { kind: 'file'; path: string; line: number; column: number }
  | { kind: 'environment'; name: string }
  | { kind: 'flag'; name: string }
  | { kind: 'cluster'; name: string }

export interface Given {
  text: string
  origin: Origin
  /** What a file's placeholder says where its variable is not set. */
  instead?: string
}

/** The process environment, or a part of it. */
export type Environment = Readonly<Record<string, string | undefined>>

/** `ROVER_BACKEND_ADDR`, `rover_configs.yaml:12:5`, `--backend`, `AccessLogConfig default` or `default`. */
export function originText(origin: Origin): string {
  switch (origin.kind) {
    case 'default':
      return 'default'
    case 'file':
      return `${origin.path}:${origin.line}:${origin.column}`
    default:
      return origin.name
  }
}

/**
 * Rover's `${NAME:default}`: the variable when it is set (also to nothing), else the default. The placeholder must be
 * the whole value; one inside a longer text is returned as it stands and found by hasStrayPlaceholder.
 */
export function expandPlaceholder(given: Given, environment: Environment): Given {
  const [, name, fallback = ''] = /^\$\{([_A-Z0-9]+):(.*)\}$/s.exec(given.text) ?? []
  if (name === undefined) return given
  const set = environment[name]
  if (set === undefined) return { text: fallback.trim(), origin: given.origin }
  return { text: set.trim(), origin: { kind: 'environment', name }, instead: fallback.trim() }
}

export function hasStrayPlaceholder(text: string): boolean {
  return /\$\{[_A-Z0-9]+:/.test(text)
}
