/**
 * HTTPS server and client on Node's own modules, in what all versions since 16 understand.
 *   node https.cjs serve CERTIFICATE KEY   prints `plain PORT` (HTTP), `listening PORT` (HTTPS), then one JSON row for
 *                                          each exchange
 *   node https.cjs get AUTHORITY           for each line `PORT PATH ...` of stdin GETs the paths on one connection,
 *                                          prints one JSON row for each answer, then `done`
 *   node https.cjs mix AUTHORITY           for each line `HTTP HTTPS CONNECTIONS ROUNDS` of stdin opens so many
 *                                          connections to both ports, and in each round asks on all of them at once;
 *                                          prints a JSON row for each answer with the connection's local port
 */
const { readFileSync } = require('node:fs')
const http = require('node:http')
const https = require('node:https')
const readline = require('node:readline')

function answer(request, response) {
  let requestBodyBytes = 0
  request.on('data', (chunk) => (requestBodyBytes += chunk.length))
  request.on('end', () => {
    const path = request.url.replace(/\?.*/, '')
    const responseBodyBytes = Number(path.split('/')[2] || 0)
    response.on('finish', () =>
      print({ method: request.method, path, status: 200, responseBodyBytes, requestBodyBytes }),
    )
    response.setHeader('Content-Length', responseBodyBytes)
    response.end(Buffer.alloc(responseBodyBytes, 'n'))
  })
}

function serve(certificate, key) {
  const plain = http.createServer(answer)
  const secure = https.createServer({ cert: readFileSync(certificate), key: readFileSync(key) }, answer)
  plain.keepAliveTimeout = secure.keepAliveTimeout = 60_000
  plain.listen(0, '127.0.0.1', () => {
    process.stdout.write(`plain ${plain.address().port}\n`)
    secure.listen(0, '127.0.0.1', () => process.stdout.write(`listening ${secure.address().port}\n`))
  })
}

function get(agent, ca, port, path) {
  return new Promise((resolve, reject) => {
    const request = https.get({ agent, ca, host: 'localhost', port, path }, (response) => {
      let responseBodyBytes = 0
      response.on('data', (chunk) => (responseBodyBytes += chunk.length))
      response.on('end', () => {
        print({
          method: 'GET',
          path: path.replace(/\?.*/, ''),
          status: response.statusCode,
          responseBodyBytes,
        })
        resolve()
      })
    })
    request.on('error', reject)
  })
}

async function fetchAll(authority) {
  const ca = readFileSync(authority)
  for await (const line of readline.createInterface({ input: process.stdin })) {
    const [port, ...paths] = line.split(' ')
    const agent = new https.Agent({ keepAlive: true, maxSockets: 1 })
    for (const path of paths) await get(agent, ca, Number(port), path)
    agent.destroy()
    process.stdout.write('done\n')
  }
}

function ask(options, path, tls) {
  return new Promise((resolve, reject) => {
    const request = (tls ? https : http).get({ ...options, path }, (response) => {
      const localPort = response.socket.localPort
      response.on('data', () => {})
      response.on('end', () => resolve(print({ localPort, path, tls })))
    })
    request.on('error', reject)
  })
}

async function mix(authority) {
  const ca = readFileSync(authority)
  for await (const line of readline.createInterface({ input: process.stdin })) {
    const [plain, secure, connections, rounds] = line.split(' ').map(Number)
    const ends = Array.from({ length: 2 * connections }, (_, i) => {
      const tls = i % 2 === 1
      const agent = new (tls ? https : http).Agent({ keepAlive: true, maxSockets: 1 })
      return { tls, options: { agent, ca, host: 'localhost', port: tls ? secure : plain } }
    })
    for (let round = 0; round < rounds; round++) {
      await Promise.all(
        ends.map(({ tls, options }, i) =>
          ask(options, `/bytes/${(i * 37 + round) % 999}/${i}-${round}`, tls),
        ),
      )
    }
    for (const { options } of ends) options.agent.destroy()
    process.stdout.write('done\n')
  }
}

function print(row) {
  process.stdout.write(`${JSON.stringify(row)}\n`)
}

require('node:dns').setDefaultResultOrder?.('ipv4first')
const [mode, ...files] = process.argv.slice(2)
const modes = { serve, get: fetchAll, mix }
void modes[mode](...files)
