/** What figures depend on, without saying whose machine it is. */
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { cpus, release, totalmem } from 'node:os'

export interface Machine {
  cpu: string
  cores: number
  memoryBytes: number
  kernel: string
  node: string
  nginx: string
  wrk: string
  h2load: string
  commit: string
  date: string
}

export function describeMachine(): Machine {
  return {
    cpu: cpus()[0]?.model ?? 'unknown',
    cores: cpus().length,
    memoryBytes: totalmem(),
    kernel: release(),
    node: process.version,
    nginx: firstLine('nginx -v 2>&1').replace('nginx version: ', ''),
    wrk: firstLine('wrk -v').replace(/ Copyright.*/, ''),
    h2load: firstLine('h2load --version').replace('h2load ', ''),
    commit: firstLine('git rev-parse --short HEAD'),
    date: new Date().toISOString().slice(0, 10),
  }
}

/** The first line of what a command prints, whatever its exit code. */
function firstLine(command: string): string {
  return execFileSync('sh', ['-c', `${command} | head -n 1`], { encoding: 'utf8' }).trim()
}

/** CPU frequency governors, other load and steal time make figures worthless: the load average tells. */
export function loadAverage(): string {
  return readFileSync('/proc/loadavg', 'utf8').split(' ').slice(0, 3).join(' ')
}
