/** paced-client URL RATE SECONDS: that many requests a second over keep-alive connections; prints a LoadResult. */
import { Agent, get } from 'node:http'

const TICK_MS = 10
const CONNECTIONS = 16

const [url = '', rate, seconds] = process.argv.slice(2)
const total = Number(rate) * Number(seconds)
const agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS })
const latenciesUs: number[] = []
const beginMs = performance.now()
let sent = 0

function request(): void {
  const sentMs = performance.now()
  sent++
  get(url, { agent }, (response) => {
    response.resume().on('end', () => {
      if (response.statusCode !== 200) throw new Error(`status ${response.statusCode}`)
      latenciesUs.push((performance.now() - sentMs) * 1000)
      if (latenciesUs.length === total) finish()
    })
  })
}

function tick(): void {
  const due = Math.min(total, ((performance.now() - beginMs) / 1000) * Number(rate))
  while (sent < due) request()
  if (sent < total) setTimeout(tick, TICK_MS)
}

function finish(): void {
  latenciesUs.sort((a, b) => a - b)
  const requestsPerSecond = total / ((performance.now() - beginMs) / 1000)
  process.stdout.write(
    JSON.stringify({ requestsPerSecond, p99Us: latenciesUs[Math.floor(total * 0.99)] }) + '\n',
  )
  agent.destroy()
}

tick()
