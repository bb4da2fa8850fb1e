/** Why the backend is not taking logs, in words that say what to change. */
import { type StatusObject, status } from '@grpc/grpc-js'
import type { BackendSettings } from './channel.ts'

export type ProblemCode =
  | 'BACKEND_NAME_UNKNOWN'
  | 'BACKEND_UNREACHABLE'
  | 'BACKEND_TLS_FAILED'
  | 'BACKEND_REFUSED'
  | 'BACKEND_UNSUPPORTED'
  | 'BACKEND_BUSY'
  | 'BACKEND_SILENT'
  | 'BACKEND_FAILED'

export interface Problem {
  code: ProblemCode
  /** One sentence for a person: what happened, what to change. */
  message: string
}

/** Which backend it is about. */
type Backend = Pick<BackendSettings, 'address' | 'enableTls'>

/** A setting with which no connection can ever be made. Thrown when the sender is built, before any attempt. */
export class BackendSettingError extends Error {
  readonly code = 'BACKEND_SETTING_INVALID'
}

/** The backend answered, and trying soon again would not change its mind. */
export const isRefusal = ({ code }: Problem): boolean =>
  code === 'BACKEND_REFUSED' || code === 'BACKEND_UNSUPPORTED'

/** What the end of a call means. @param outcome not OK */
export function explain(backend: Backend, outcome: Pick<StatusObject, 'code' | 'details'>): Problem {
  const { address } = backend
  const { code } = outcome
  const reason = shorten(outcome.details)
  switch (code) {
    case status.UNAVAILABLE:
      return explainUnavailable(backend, reason)
    case status.PERMISSION_DENIED:
    case status.UNAUTHENTICATED:
      return problem(
        'BACKEND_REFUSED',
        `${address} refuses this agent (${reason}): set core.backend.authentication`,
      )
    case status.UNIMPLEMENTED:
      return problem(
        'BACKEND_UNSUPPORTED',
        `${address} has no eBPF access log receiver: SkyWalking OAP 10.0 is needed`,
      )
    case status.RESOURCE_EXHAUSTED:
      return problem(
        'BACKEND_BUSY',
        `${address} is overloaded (${reason}): logs are kept and sent again later`,
      )
    default:
      return problem('BACKEND_FAILED', `${address} ended the stream with ${status[code] ?? code} (${reason})`)
  }
}

export const silent = (address: string, waitedMs: number): Problem =>
  problem('BACKEND_SILENT', `${address} did not confirm what it was sent within ${waitedMs} ms`)

export const noAnswer = (address: string, waitedMs: number): Problem =>
  problem(
    'BACKEND_UNREACHABLE',
    `${address} did not answer within ${waitedMs} ms: check address and firewall`,
  )

export const endedEarly = (address: string): Problem =>
  problem('BACKEND_FAILED', `${address} ended the stream before everything was sent`)

/** Nobody is told: the sender let go of a stream that carried nothing, or was stopped. */
export const stopped = problem('BACKEND_FAILED', 'let go')

function explainUnavailable({ address, enableTls }: Backend, reason: string): Problem {
  if (/name resolution failed|ENOTFOUND|EAI_AGAIN/i.test(reason)) {
    return problem('BACKEND_NAME_UNKNOWN', `${address} cannot be resolved: check core.backend.addr and DNS`)
  }
  // A peer that turns a certificate down may leave no more behind than a closed connection.
  if (enableTls && !/ECONNREFUSED|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|dropped/.test(reason)) {
    const change = 'check core.backend.enable_TLS and the PEM files'
    return problem('BACKEND_TLS_FAILED', `no TLS connection to ${address} (${reason}): ${change}`)
  }
  const change = 'check that it runs, and core.backend.addr'
  return problem('BACKEND_UNREACHABLE', `no connection to ${address} (${reason}): ${change}`)
}

/** The reason alone, on one line: without the words, times and source places that libraries put around it. */
function shorten(details: string): string {
  const [line = ''] = details.split('\n')
  return line
    .replace(/^No connection established\. Last error: (Error: )?/, '')
    .replace(/\.? Resolution note:.*$/, '')
    .replace(/ \(\d{4}-\d\d-\d\dT[\d:.]+Z\)/, '')
    .replace(/^.*error:[0-9A-F]{8}:[^:]*:[^:]*:([^:]+):.*$/, '$1')
}

function problem(code: ProblemCode, message: string): Problem {
  return { code, message }
}
