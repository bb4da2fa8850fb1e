/** Every error that ends the operator: what it says, what to change, and how the process ends. */

interface ErrorRow {
  /** One sentence; `{name}` is replaced by a parameter. */
  message: string
  /** What to change. */
  hint: string
  /** 2: the command line or the environment is wrong; 1: everything else. */
  exitCode: 1 | 2
}

/** Codes are stable: scripts match on them. */
export const OPERATOR_ERRORS = {
  OPERATOR_OPTIONS: {
    message: 'the options have {count}: {problems}',
    hint: 'see accesslog-operator --help',
    exitCode: 2,
  },
  OPERATOR_NO_CLUSTER: {
    message: 'the API server is not known: {reason}',
    hint: 'run in a pod with a service account, or set KUBECONFIG',
    exitCode: 2,
  },
  OPERATOR_LISTEN: {
    message: 'cannot listen on port {port}: {reason}',
    hint: 'choose another with --health-port or --addresses-port',
    exitCode: 1,
  },
} as const satisfies Record<string, ErrorRow>

export type OperatorErrorCode = keyof typeof OPERATOR_ERRORS

export class OperatorError extends Error {
  override readonly name = 'OperatorError'
  readonly code: OperatorErrorCode
  readonly hint: string
  readonly exitCode: 1 | 2

  constructor(code: OperatorErrorCode, parameters: Readonly<Record<string, string>>) {
    const { message, hint, exitCode } = OPERATOR_ERRORS[code]
    super(message.replace(/\{(\w+)\}/g, (whole, name: string) => parameters[name] ?? whole))
    this.code = code
    this.hint = hint
    this.exitCode = exitCode
  }
}
