/**
 * HTTPS server and client on Node's own modules, in what all versions since 16 understand.
 *   node https.cjs serve CERTIFICATE KEY   prints `listening PORT`, then one JSON row for each exchange
 *   node https.cjs get AUTHORITY           for each line `PORT PATH ...` of stdin GETs the paths on one connection,
 *                                          prints one JSON row for each answer, then `done`
 */
const { readFileSync } = require('node:fs')
const https = require('node:https')
const readline = require('node:readline')

function serve(certificate, key) {
  const server = https.createServer({ cert: readFileSync(certificate), key: readFileSync(key) })
  server.on('request', (request, response) => {
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
  })
  server.keepAliveTimeout = 60_000
  server.listen(0, '127.0.0.1', () => process.stdout.write(`listening ${server.address().port}\n`))
}

function get(agent, ca, port, path) {
  return new Promise((resolve, reject) => {
    const request = https.get({ agent, ca, host: 'localhost', port, path }, (response) => {
      let responseBodyBytes = 0
      response.on('data', (chunk) => (responseBodyBytes += chunk.length))
      response.on('end', () => {
        print({ method: 'GET', path: path.replace(/\?.*/, ''), status: response.statusCode, responseBodyBytes })
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

function print(row) {
  process.stdout.write(`${JSON.stringify(row)}\n`)
}

require('node:dns').setDefaultResultOrder?.('ipv4first')
const [mode, ...files] = process.argv.slice(2)
if (mode === 'serve') serve(...files)
else fetchAll(...files)
