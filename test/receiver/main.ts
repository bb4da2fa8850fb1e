/** The receiver as a program: npm run receiver -- --port 11800 --output json|table|none [--host H] [--token T] */
import { parseArgs } from 'node:util'
import type { Ledger } from './ledger.ts'
import type { ReceivedLog } from './logs.ts'
import { Receiver } from './receiver.ts'

const OUTPUTS = ['json', 'table', 'none'] as const
type Output = (typeof OUTPUTS)[number]

const USAGE = 'usage: receiver [--port 11800] [--host 127.0.0.1] [--output json|table|none] [--token TOKEN]'

interface Arguments {
  address: string
  output: Output
  token: string | undefined
}

/** @throws Error with a sentence for a person */
function readArguments(args: string[]): Arguments {
  const text = { type: 'string' } as const
  const { values } = parseArgs({ args, options: { port: text, host: text, output: text, token: text } })
  const { port = '11800', host = '127.0.0.1', output = 'table', token } = values
  if (!/^\d+$/.test(port) || Number(port) > 65_535) throw new Error(`--port is ${port}: give 0 to 65535`)
  const known = OUTPUTS.find((name) => name === output)
  if (!known) throw new Error(`--output is ${output}: give ${OUTPUTS.join(', ')}`)
  return { address: `${host}:${port}`, output: known, token }
}

/** One line of stdout for each log of an accepted message. */
function printer(output: Output): (log: ReceivedLog) => void {
  const line = output === 'json' ? (log: ReceivedLog) => JSON.stringify(log) : tableRow
  return (log) => process.stdout.write(`${line(log)}\n`)
}

function tableRow(log: ReceivedLog): string {
  const { kind, start, durationNs, role, local, remote, request, response } = log
  const arrow = role === 'server' ? '◂' : '▸'
  const what = request ? `${request.method} ${request.path} ${response?.status}` : (log.syscall ?? '')
  const ends = `${nameOf(local)} ${arrow} ${nameOf(remote)}`
  return `${start} ${kind.padEnd(7)} ${(durationNs / 1e6).toFixed(3).padStart(10)} ms  ${ends}  ${what}`
}

const nameOf = ({ service, address, port }: ReceivedLog['local']): string => `${service ?? address}:${port}`

function printSummary(output: Output, ledger: Ledger): void {
  const rejected = Object.entries(ledger.rejected).map(([reason, logs]) => `${reason} ${logs}`)
  const text =
    output === 'table'
      ? `accepted: ${ledger.httpLogs} http, ${ledger.kernelLogs} kernel; rejected: ${rejected.join(', ') || 'none'}; ` +
        `${ledger.messages} messages in ${ledger.streams} streams, ${ledger.completed} of them completed`
      : JSON.stringify({ kind: 'summary', ...ledger })
  process.stdout.write(`${text}\n`)
}

async function main(): Promise<void> {
  const { address, output, token } = readArguments(process.argv.slice(2))
  const receiver = await Receiver.start({
    address,
    ...(token !== undefined && { token }),
    ...(output !== 'none' && { onLog: printer(output) }),
  })
  process.stderr.write(`receiver: listening on port ${receiver.port}\n`)
  const stop = (): void => {
    receiver.stop()
    printSummary(output, receiver.ledger)
  }
  process.once('SIGINT', stop)
  process.once('SIGTERM', stop)
}

main().catch((error: unknown) => {
  process.stderr.write(`receiver: ${(error as Error).message}\n${USAGE}\n`)
  process.exitCode = 2
})
