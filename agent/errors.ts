/** Every error a user can meet: what it says, what to change, and how the process ends. */

interface ErrorRow {
  /** One sentence; `{name}` is replaced by a parameter. */
  message: string
  /** What to change. */
  hint: string
  /** 2: the command line or the configuration is wrong; 1: everything else. */
  exitCode: 1 | 2
}

/** Codes are stable: scripts match on them. Those that start with HELPER_ are also sent by the helper (PROBLEM). */
export const ERRORS = {
  CLI_USAGE: {
    message: 'the command line has {count}',
    hint: 'see accesslog-agent --help',
    exitCode: 2,
  },
  CONFIG_FILE_UNREADABLE: {
    message: 'cannot read the configuration file {path}: {reason}',
    hint: 'name a readable YAML file with --config',
    exitCode: 2,
  },
  CONFIG_INVALID: {
    message: 'the configuration has {count}',
    hint: 'correct what is listed; docs/reference/config.md has every key with what it allows',
    exitCode: 2,
  },
  HELPER_MISSING: {
    message: 'the capture helper {path} does not exist or cannot be executed',
    hint: 'build it: sh tools/setup.sh run',
    exitCode: 1,
  },
  HELPER_NO_PERMISSION: {
    message: 'capturing is not permitted: {where}: {reason}',
    hint: 'run as root; in a container, grant at least the capabilities BPF, PERFMON and SYS_PTRACE',
    exitCode: 1,
  },
  HELPER_NO_BTF: {
    message: 'the kernel does not describe its types: {where}: {reason}',
    hint: 'use a kernel built with CONFIG_DEBUG_INFO_BTF=y; then /sys/kernel/btf/vmlinux exists',
    exitCode: 1,
  },
  HELPER_LOAD_FAILED: {
    message: 'the kernel did not accept an essential BPF program: {where}: {reason}',
    hint: 'accesslog-agent check lists program by program what this kernel supports',
    exitCode: 1,
  },
  HELPER_ATTACH_FAILED: {
    message: 'an essential BPF program could not be attached: {where}: {reason}',
    hint: 'accesslog-agent check lists program by program what this kernel supports',
    exitCode: 1,
  },
  HELPER_NO_MEMORY: {
    message: 'the helper could not get the memory it needs: {where}: {reason}',
    hint: 'lower access_log.protocol_analyze.per_cpu_buffer, or raise the memory limit',
    exitCode: 1,
  },
  HELPER_SCAN_FAILED: {
    message: 'sockets that were open before could not be listed: {where}: {reason}',
    hint: 'nothing to do: they are found by their next call',
    exitCode: 1,
  },
  HELPER_TARGETS_FULL: {
    message: 'the table of watched and ignored processes is full: {where}: {reason}',
    hint: 'name fewer processes with --pid or --process',
    exitCode: 1,
  },
  HELPER_AGENT_STUCK: {
    message: 'the agent did not read what the helper sent: {where}: {reason}',
    hint: 'the helper is restarted; when this repeats, give the agent more CPU',
    exitCode: 1,
  },
  HELPER_PROTOCOL_VERSION: {
    message: 'agent and helper speak different versions of the protocol: {where}: {reason}',
    hint: 'build both from the same sources: sh tools/setup.sh run',
    exitCode: 1,
  },
  HELPER_BAD_FRAME: {
    message: 'the helper could not read what the agent sent: {where}: {reason}',
    hint: 'the helper is restarted; when this repeats, build both from the same sources: sh tools/setup.sh run',
    exitCode: 1,
  },
  HELPER_BAD_COMMAND: {
    message: 'the helper refused a command of the agent: {where}: {reason}',
    hint: 'build agent and helper from the same sources: sh tools/setup.sh run',
    exitCode: 1,
  },
  HELPER_GARBAGE: {
    message: 'the helper sent something that is not a message: {reason}',
    hint: 'the helper is restarted; when this repeats, build it anew: make -C native clean all',
    exitCode: 1,
  },
  HELPER_TIMEOUT: {
    message: 'the helper did not answer {request} within {seconds} s',
    hint: 'the helper is restarted; when this repeats, give the machine more CPU or run accesslog-agent check',
    exitCode: 1,
  },
  HELPER_CRASHED: {
    message: 'the helper ended unexpectedly: {reason}',
    hint: 'it is restarted; when this repeats, its last words are in the log above',
    exitCode: 1,
  },
  HELPER_PROBLEM: {
    message: 'the helper reports {where}: {reason}',
    hint: 'accesslog-agent check shows what this machine supports',
    exitCode: 1,
  },
  BACKEND_NAME_UNKNOWN: {
    message: 'the backend host {host} cannot be resolved: {reason}',
    hint: 'correct core.backend.addr, ROVER_BACKEND_ADDR or --backend',
    exitCode: 1,
  },
  BACKEND_UNREACHABLE: {
    message: 'the backend {address} cannot be reached: {reason}',
    hint: 'check that it runs and listens there; delivery is retried, and what the queue cannot hold is counted',
    exitCode: 1,
  },
  BACKEND_REFUSED: {
    message: 'the backend {address} refuses the logs: {reason}',
    hint: 'check core.backend.authentication (ROVER_BACKEND_AUTHENTICATION) and the TLS settings',
    exitCode: 1,
  },
  BACKEND_TLS_FAILED: {
    message: 'no TLS connection to the backend {address}: {reason}',
    hint: 'check core.backend.enable_TLS and the certificates: ca_pem_path, client_pem_path, client_key_path',
    exitCode: 1,
  },
  BACKEND_UNSUPPORTED: {
    message: 'the backend {address} does not know access logs',
    hint: 'use SkyWalking OAP 10.0 or later, with the module receiver-ebpf',
    exitCode: 1,
  },
  BACKEND_BUSY: {
    message: 'the backend {address} is overloaded: {reason}',
    hint: 'nothing to do here: logs are kept and sent again later, and what the queue cannot hold is counted',
    exitCode: 1,
  },
  BACKEND_SILENT: {
    message: 'the backend {address} does not confirm what it was sent within {waitedMs} ms',
    hint: 'look at the backend; logs are kept and sent again, and what the queue cannot hold is counted',
    exitCode: 1,
  },
  BACKEND_FAILED: {
    message: 'the backend {address} ended the stream: {reason}',
    hint: 'look at the log of the backend; logs are kept and sent again',
    exitCode: 1,
  },
  KUBERNETES_ACCESS: {
    message: 'there is no access to the Kubernetes API: {reason}',
    hint: 'run in a pod with a mounted service account, or name a kubeconfig file with --kubeconfig',
    exitCode: 2,
  },
  KUBERNETES_NODE_NAME: {
    message: 'the name of this node is not known',
    hint: 'set NODE_NAME to spec.nodeName by the downward API',
    exitCode: 2,
  },
  KUBERNETES_UNREACHABLE: {
    message: 'the Kubernetes API does not answer for {what}: {reason}',
    hint: 'the last config stays in force and capturing goes on; check the API server and the network policy',
    exitCode: 1,
  },
  KUBERNETES_REFUSED: {
    message: 'the Kubernetes API refuses {what}: {reason}',
    hint: 'install the CustomResourceDefinitions and the ClusterRole of the chart; what is known stays in force',
    exitCode: 1,
  },
  KUBERNETES_CONFIG_MISSING: {
    message: 'AccessLogConfig {name}, which this node is assigned, does not exist',
    hint: 'see whether the operator runs; it writes one for each policy that governs a node',
    exitCode: 1,
  },
  KUBERNETES_SECRET_MISSING: {
    message: 'the Secret {secret} of the backend is not mounted into the agent: {reason}',
    hint: 'wait: the kubelet may take a minute to mount a new Secret; if it stays, list it in backend.secrets of the chart',
    exitCode: 1,
  },
  HEALTH_PORT: {
    message: 'cannot listen on {address} for health and metrics: {reason}',
    hint: 'free the port, or set ACCESSLOG_HEALTH_ADDRESS to another HOST:PORT',
    exitCode: 1,
  },
  OUTPUT_FAILED: {
    message: 'cannot write to standard output: {reason}',
    hint: 'check where the output goes: a closed pipe or a full disk ends the run',
    exitCode: 1,
  },
  INTERNAL: {
    message: 'unexpected: {reason}',
    hint: 'this is a defect of accesslog-agent; please report it with the log above',
    exitCode: 1,
  },
} as const satisfies Record<string, ErrorRow>

export type ErrorCode = keyof typeof ERRORS

type ParameterOf<Text extends string> = Text extends `${string}{${infer Name}}${infer Rest}`
  ? Name | ParameterOf<Rest>
  : never

/** The parameters that the message of a code needs. */
export type Parameters<Code extends ErrorCode> = Record<
  ParameterOf<(typeof ERRORS)[Code]['message']>,
  string | number
>

interface Extras {
  /** One line each, listed under the message. */
  details?: readonly string[]
  cause?: unknown
}

/** An error whose text is meant for the user. */
export class AccessLogError extends Error {
  override readonly name = 'AccessLogError'
  readonly code: ErrorCode
  readonly hint: string
  readonly details: readonly string[]
  readonly exitCode: 1 | 2

  constructor(code: ErrorCode, message: string, { details = [], cause }: Extras = {}) {
    super(message, { cause })
    this.code = code
    this.hint = ERRORS[code].hint
    this.exitCode = ERRORS[code].exitCode
    this.details = details
  }

  /** What the user sees: the message, a line for each detail, and what to change. Never a stack trace. */
  render(): string {
    const details = this.details.map((detail) => `  - ${oneLine(detail)}`)
    return [`error ${this.code}: ${oneLine(this.message)}`, ...details, `  ${this.hint}`].join('\n')
  }
}

/** The error of a code, its message filled in. */
export function accessLogError<Code extends ErrorCode>(
  code: Code,
  parameters: Parameters<Code>,
  extras: Extras = {},
): AccessLogError {
  const values: Record<string, string | number> = parameters
  const message = ERRORS[code].message.replace(/\{(\w+)\}/g, (hole, name: string) =>
    String(values[name] ?? hole),
  )
  return new AccessLogError(code, message, extras)
}

/**
 * The error for a PROBLEM of the helper. A code this table does not know, of a newer helper, becomes HELPER_PROBLEM
 * and keeps its name in `where`.
 */
export function helperError(code: string, where: string, reason: string): AccessLogError {
  if (isProblemCode(code)) return accessLogError(code, { where, reason })
  return accessLogError('HELPER_PROBLEM', { where: `${code} (${where})`, reason })
}

/** Codes that say `{where}` and `{reason}`, as PROBLEM does. */
type ProblemCode = {
  [Code in ErrorCode]: ParameterOf<(typeof ERRORS)[Code]['message']> extends 'where' | 'reason' ? Code : never
}[ErrorCode]

function isProblemCode(code: string): code is ProblemCode & `HELPER_${string}` {
  return (
    code.startsWith('HELPER_') &&
    Object.hasOwn(ERRORS, code) &&
    ERRORS[code as ErrorCode].message.includes('{where}')
  )
}

/** Any thrown value as an error for the user: itself, or INTERNAL with the value as its cause. */
export function asAccessLogError(thrown: unknown): AccessLogError {
  if (thrown instanceof AccessLogError) return thrown
  return accessLogError('INTERNAL', { reason: reasonOf(thrown) }, { cause: thrown })
}

/** The text of any thrown value on one line. */
export function reasonOf(thrown: unknown): string {
  return oneLine(thrown instanceof Error ? thrown.message : String(thrown))
}

/** `1 problem`, `2 problems`. */
export function countOf(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`
}

function oneLine(text: string): string {
  return text.replace(/\s*\n\s*/g, ' ').trim()
}
