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
  /** Plaintext of TLS libraries; which process has which, `doctor` tells. */
  tls: Capability
}

const GROUPS = {
  traffic: ['enter_syscall', 'exit_syscall', 'change_state', 'destroy_socket'],
  processes: ['exec_process', 'fork_process', 'exit_process'],
  existingSockets: ['scan_sockets'],
  tls: [
    'enter_tls_handshake',
    'enter_tls_read',
    'enter_tls_read_ex',
    'enter_tls_write',
    'enter_tls_write_ex',
    'enter_tls_write_ex2',
    'return_tls',
    'enter_bio_write',
    'renew_tls',
    'enter_go_handshake',
    'enter_go_read',
    'enter_go_write',
    'return_go',
  ],
} as const

export function captureReport(programs: readonly ProgramStatus[]): CaptureReport {
  return {
    traffic: capability(programs, GROUPS.traffic),
    processes: capability(programs, GROUPS.processes),
    existingSockets: capability(programs, GROUPS.existingSockets),
    http2: capability(programs, GROUPS.traffic),
    l2l4: 'Unsupported (not in this version)',
    tls: capability(programs, GROUPS.tls),
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
