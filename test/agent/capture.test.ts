import test from 'ava'
import { captureReport } from '../../agent/capture.ts'
import type { ProgramStatus } from '../../agent/helper/messages.ts'

const TLS = [
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
]

const PROGRAMS = [
  'enter_syscall',
  'exit_syscall',
  'change_state',
  'destroy_socket',
  'exec_process',
  'fork_process',
  'exit_process',
  'scan_sockets',
  ...TLS,
]

/** All programs attached but those that failed, by their reasons. */
function programs(failed: Record<string, string> = {}): ProgramStatus[] {
  return PROGRAMS.map((name) => {
    const reason = failed[name]
    return reason === undefined
      ? { name, status: 'attached', reason: '' }
      : { name, status: 'failed', reason }
  })
}

const LATER = 'Unsupported (not in this version)'
const LATER_ALL = { l2l4: LATER, tls: 'Active' }
const ALL = {
  traffic: 'Active',
  processes: 'Active',
  existingSockets: 'Active',
  http2: 'Active',
  ...LATER_ALL,
}

const NO_TRAFFIC =
  'Off (enter_syscall: not in the helper; exit_syscall: not in the helper; change_state: not in the helper; ' +
  'destroy_socket: not in the helper)'

const CASES: Record<string, [ProgramStatus[], Partial<typeof ALL>]> = {
  'everything is attached': [programs(), {}],
  'a program of the processes is missing': [
    programs({ fork_process: 'no such tracepoint' }),
    { processes: 'Partial (fork_process: no such tracepoint)' },
  ],
  'two of them are missing': [
    programs({ fork_process: 'a', exit_process: 'b' }),
    { processes: 'Partial (fork_process: a; exit_process: b)' },
  ],
  'the only program of a group is missing': [
    programs({ scan_sockets: 'no iterators before 5.9' }),
    { existingSockets: 'Off (scan_sockets: no iterators before 5.9)' },
  ],
  'a program was skipped': [
    programs().map((one) =>
      one.name === 'scan_sockets' ? { ...one, status: 'skipped', reason: 'told to' } : one,
    ),
    { existingSockets: 'Off (scan_sockets: told to)' },
  ],
  'the helper does not know a program': [
    programs().filter(({ name }) => name !== 'exec_process'),
    { processes: 'Partial (exec_process: not in the helper)' },
  ],
  'the helper knows more programs': [[...programs(), { name: 'extra', status: 'failed', reason: 'x' }], {}],
  'there are no programs': [
    [],
    {
      traffic: NO_TRAFFIC,
      http2: NO_TRAFFIC,
      processes:
        'Off (exec_process: not in the helper; fork_process: not in the helper; exit_process: not in the helper)',
      existingSockets: 'Off (scan_sockets: not in the helper)',
      tls: `Off (${TLS.map((name) => `${name}: not in the helper`).join('; ')})`,
    },
  ],
}

for (const [sentence, [statuses, expected]] of Object.entries(CASES)) {
  test(`what is captured when ${sentence}`, (t) => {
    t.deepEqual(captureReport(statuses), { ...ALL, ...expected })
  })
}
