/** The kinds of values a key can have: how text becomes a value, and the rules the value must obey. */
import {
  IsArray,
  IsBoolean,
  IsDefined,
  IsInt,
  IsNumber,
  IsString,
  Matches,
  Max,
  Min,
  ValidateIf,
} from 'class-validator'

export interface Kind<Value> {
  /** What is allowed, as the end of the sentence "must be ...". */
  allowed: string
  /** Undefined when the text cannot be read; the rules then refuse it. */
  parse: (text: string) => Value | undefined
  /** Rules of class-validator, each with `must be ${allowed}` as its message. */
  rules: PropertyDecorator[]
}

const KIB = 1024
const SIZE_UNITS: Record<string, number> = {
  '': 1,
  b: 1,
  kb: KIB,
  ki: KIB,
  kib: KIB,
  mb: KIB ** 2,
  mi: KIB ** 2,
  mib: KIB ** 2,
  gb: KIB ** 3,
  gi: KIB ** 3,
  gib: KIB ** 3,
}
const DURATION_UNITS_NS: Record<string, number> = {
  ns: 1,
  us: 1e3,
  µs: 1e3,
  ms: 1e6,
  s: 1e9,
  m: 60e9,
  h: 3600e9,
}

/** Bytes of `400KB`, `400Ki`, `1.5MB`, `4096`; all units are powers of 1024. A bare K, M or G is refused as ambiguous. */
export function parseSizeBytes(text: string): number | undefined {
  const [, amount, unit = ''] = /^(\d+(?:\.\d+)?)\s?([a-z]*)$/i.exec(text) ?? []
  const factor = SIZE_UNITS[unit.toLowerCase()]
  return amount === undefined || factor === undefined ? undefined : Math.floor(Number(amount) * factor)
}

/** Milliseconds of a Go duration: `5s`, `500ms`, `1m30s`, `1.5h`, `0`. No sign. */
export function parseDurationMs(text: string): number | undefined {
  if (text === '0') return 0
  if (!/^(\d+(\.\d+)?(ns|us|µs|ms|s|m|h))+$/.test(text)) return undefined
  const parts = [...text.matchAll(/(\d+(?:\.\d+)?)(ns|us|µs|ms|s|m|h)/g)]
  const addNs = (sumNs: number, [, amount, unit = '']: string[]) =>
    sumNs + Number(amount) * (DURATION_UNITS_NS[unit] ?? NaN)
  return parts.reduce(addNs, 0) / 1e6
}

export function integer(min: number, max: number): Kind<number> {
  const allowed = `an integer from ${min} to ${max}`
  return {
    allowed,
    parse: (text) => (/^\d+$/.test(text) ? Number(text) : undefined),
    rules: [IsInt(must(allowed)), Min(min, must(allowed)), Max(max, must(allowed))],
  }
}

/** The bounds are texts of the same form as the value. */
export function size(min: string, max: string): Kind<number> {
  const allowed = `a size from ${min} to ${max}, for example 400KB or 400Ki (1024-based)`
  return { allowed, parse: parseSizeBytes, rules: between(parseSizeBytes(min), parseSizeBytes(max), allowed) }
}

/** The bounds are texts of the same form as the value. */
export function duration(min: string, max: string): Kind<number> {
  const allowed = `a duration from ${min} to ${max}, for example 500ms, 5s or 1m30s`
  return {
    allowed,
    parse: parseDurationMs,
    rules: between(parseDurationMs(min), parseDurationMs(max), allowed),
  }
}

export function boolean(): Kind<boolean> {
  const values: Record<string, boolean> = { true: true, '1': true, false: false, '0': false }
  const allowed = 'true or false'
  return { allowed, parse: (text) => values[text.toLowerCase()], rules: [IsBoolean(must(allowed))] }
}

/** Comma-separated, trimmed, without empty and repeated elements; an empty text is an empty list. */
export function list(allowed: string, element: RegExp): Kind<readonly string[]> {
  const each = { ...must(allowed), each: true }
  return {
    allowed,
    parse: (text) => [...new Set(text.split(',').map((part) => part.trim()))].filter((part) => part !== ''),
    rules: [IsArray(must(allowed)), Matches(element, each)],
  }
}

export function text(allowed: string, pattern: RegExp): Kind<string> {
  return {
    allowed,
    parse: (value) => value,
    rules: [IsString(must(allowed)), Matches(pattern, must(allowed))],
  }
}

export interface HostPort {
  /** Name or address, IPv6 without brackets. */
  host: string
  port: number
  /** As written: HOST:PORT, IPv6 in brackets. */
  address: string
}

/** HOST:PORT, or null for `none`. */
export function hostPort(): Kind<HostPort | null> {
  const allowed = 'HOST:PORT with a port from 1 to 65535, [ADDRESS]:PORT for IPv6, or none'
  const unlessNone = ValidateIf((_, value) => value !== null)
  return { allowed, parse: parseHostPort, rules: [unlessNone, IsDefined(must(allowed))] }
}

function parseHostPort(address: string): HostPort | null | undefined {
  if (address === 'none') return null
  const [, ipv6, name, digits] = /^(?:\[([0-9a-f:.%\w]+)\]|([\w.-]+)):(\d{1,5})$/i.exec(address) ?? []
  const host = ipv6 ?? name
  const port = Number(digits)
  return host === undefined || port < 1 || port > 65535 ? undefined : { host, port, address }
}

function between(min: number | undefined, max: number | undefined, allowed: string): PropertyDecorator[] {
  if (min === undefined || max === undefined) throw new Error(`bounds that cannot be read: ${allowed}`)
  return [IsNumber({}, must(allowed)), Min(min, must(allowed)), Max(max, must(allowed))]
}

function must(allowed: string) {
  return { message: `must be ${allowed}` }
}
