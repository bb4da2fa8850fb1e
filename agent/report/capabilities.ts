/** Which capabilities a node has, of those that its policy wants, as its status tells them. Pure. */
import type { AccessLogStatusCapture } from '../../crds/gen/accesslogstatus.ts'
import type { EffectiveConfig } from '../control/effective.ts'

/** Bounds of the CRD. */
const REASON_MAX = 256
const SUMMARY_MAX = 256

/** Names of capabilities in a status, where they differ. */
const CAPABILITIES: Readonly<Record<string, string>> = { existingSockets: 'existing-sockets', l2l4: 'layers' }

/** @param report capability to `Active`, or what is missing @param wanted undefined: nothing is in force */
export function captureOf(
  report: Readonly<Record<string, string>>,
  wanted: EffectiveConfig['collectors'] | undefined,
): AccessLogStatusCapture {
  const capabilities = Object.entries(report).map(([key, text]) => {
    const name = CAPABILITIES[key] ?? key
    const isOff = isUnwanted(name, wanted)
    const partial = text.startsWith('Partial') ? 'Partial' : 'Unavailable'
    const state = isOff ? 'Off' : text === 'Active' ? 'Active' : partial
    const reason = isOff ? 'not wanted' : /\((.*)\)$/s.exec(text)?.[1]
    return { name, state, ...(reason !== undefined && { reason: reason.slice(0, REASON_MAX) }) } as const
  })
  for (const name of ['connections', 'http1'])
    if (isUnwanted(name, wanted)) capabilities.push({ name, state: 'Off', reason: 'not wanted' })
  const missing = capabilities.filter(({ state }) => state === 'Partial' || state === 'Unavailable')
  const summary = missing.map(({ name, state }) => `${name}:${state}`).join(',')
  return { summary: (summary || 'Full').slice(0, SUMMARY_MAX), capabilities }
}

/** A collector that the policy does not have. */
function isUnwanted(capability: string, wanted: EffectiveConfig['collectors'] | undefined): boolean {
  switch (capability) {
    case 'connections':
      return wanted?.connections === false
    case 'http1':
      return wanted?.protocols.includes('HTTP1') === false
    case 'http2':
      return !wanted?.protocols.includes('HTTP2')
    case 'tls':
      return !wanted?.tls.length
    case 'layers':
      return !wanted?.layers
    default:
      return false
  }
}
