/** Real clients, run to their end. Each throws when its client reports an error. */
import { run } from './owned.ts'

/** curl, silent, one body sink for each URL. */
export async function curl(...args: string[]): Promise<void> {
  await succeed('curl', [
    '-sS',
    ...args.flatMap((arg) => (/^https?:/.test(arg) ? ['-o', '/dev/null', arg] : [arg])),
  ])
}

/** ab (ApacheBench): a fixed number of requests over parallel connections. */
export async function ab(...args: string[]): Promise<void> {
  await succeed('ab', ['-q', ...args])
}

/** curl sending so many zero bytes with this method. */
export async function upload(method: string, url: string, bytes: number, ...args: string[]): Promise<void> {
  const script = 'head -c "$1" /dev/zero | curl -sS -o /dev/null --data-binary @- -X "$2" "$3" "${@:4}"'
  await succeed('bash', ['-c', script, 'upload', String(bytes), method, url, ...args])
}

/** nghttp (nghttp2): all URLs at once on one connection, with priorities as a browser gives them. */
export async function nghttp(...args: string[]): Promise<void> {
  await succeed('nghttp', ['-n', ...args])
}

/** h2load (nghttp2): a fixed number of requests, many streams on each connection. */
export async function h2load(...args: string[]): Promise<void> {
  const { code, stdout, stderr } = await run('h2load', args)
  if (code !== 0 || !/ 0 failed, 0 errored, 0 timeout/.test(stdout))
    throw new Error(`h2load ${args.join(' ')}: ${stdout}${stderr}`)
}

async function succeed(command: string, args: readonly string[]): Promise<void> {
  const { code, stderr } = await run(command, args)
  if (code !== 0) throw new Error(`${command} ${args.join(' ')}: ${stderr}`)
}
