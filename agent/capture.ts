/** What this kernel lets us capture, in the words of the READY line and of `check`. */
import type { ProgramStatus } from './helper/messages.ts'

/** `Active`, or what is missing and why. */
export type Capability = string

export interface CaptureReport {
  /** Connections and traffic: without it nothing runs. */
  traffic: Capability
  /** exec, fork and exit: without it new processes are found late. */
  processes: Capability
  /** Sockets that were open before: without it they are found by their next call. */
  existingSockets: Capability
  /** What is walked over in the kernel: as traffic. */
  http2: Capability
  l2l4: Capability
  tls: Capability
}

const GROUPS = {
  traffic: ['enter_syscall', 'exit_syscall', 'change_state', 'destroy_socket'],
  processes: ['exec_process', 'fork_process', 'exit_process'],
  existingSockets: ['scan_sockets'],
} as const

export function captureReport(programs: readonly ProgramStatus[]): CaptureReport {
  return {
    traffic: capability(programs, GROUPS.traffic),
    processes: capability(programs, GROUPS.processes),
    existingSockets: capability(programs, GROUPS.existingSockets),
    http2: capability(programs, GROUPS.traffic),
    l2l4: 'Unsupported (not in this version)',
    tls: 'Unsupported (not in this version)',
  }
}

function capability(programs: readonly ProgramStatus[], names: readonly string[]): Capability {
  const missing = names.flatMap((name) => {
    const program = programs.find((one) => one.name === name)
    if (program?.status === 'attached') return []
    return [`${name}: ${program?.reason || 'not in the helper'}`]
  })
  if (missing.length === 0) return 'Active'
  return `${missing.length === names.length ? 'Off' : 'Partial'} (${missing.join('; ')})`
}
