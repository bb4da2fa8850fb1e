/**
 * HTTP/2 over TLS on Node's own module, in what all versions since 16 understand.
 *   node http2.cjs serve CERTIFICATE KEY   prints `listening PORT`, then one JSON row for each stream that is over
 *   node http2.cjs get AUTHORITY           for each line `PORT PATH ...` of stdin GETs the paths on one connection, all
 *                                          at once, prints one JSON row for each answer, then `done`
 */
const { once } = require('node:events')
const { readFileSync } = require('node:fs')
const http2 = require('node:http2')
const readline = require('node:readline')

function answer(stream, headers) {
  let requestBodyBytes = 0
  stream.on('data', (chunk) => (requestBodyBytes += chunk.length))
  stream.on('end', () => {
    const path = headers[':path'].replace(/\?.*/, '')
    const responseBodyBytes = Number(path.split('/')[2] || 0)
    stream.respond({ ':status': 200, 'content-length': responseBodyBytes })
    stream.end(Buffer.alloc(responseBodyBytes, 'n'))
    const row = { method: headers[':method'], path, status: 200, responseBodyBytes, requestBodyBytes }
    stream.on('close', () => print(row))
  })
}

function serve(certificate, key) {
  const files = { cert: readFileSync(certificate), key: readFileSync(key) }
  const server = http2.createSecureServer({ ...files, peerMaxConcurrentStreams: 1000 })
  server.on('stream', answer)
  server.listen(0, '127.0.0.1', () => process.stdout.write(`listening ${server.address().port}\n`))
}

function get(session, path) {
  return new Promise((resolve, reject) => {
    let responseBodyBytes = 0
    let status
    const stream = session.request({ ':path': path })
    stream.on('response', (headers) => (status = headers[':status']))
    stream.on('data', (chunk) => (responseBodyBytes += chunk.length))
    stream.on('error', reject)
    stream.on('close', () =>
      resolve(print({ method: 'GET', path: path.replace(/\?.*/, ''), status, responseBodyBytes })),
    )
  })
}

async function fetchAll(authority) {
  const ca = readFileSync(authority)
  for await (const line of readline.createInterface({ input: process.stdin })) {
    const [port, ...paths] = line.split(' ')
    const session = http2.connect(`https://localhost:${port}`, { ca })
    await once(session, 'connect')
    await Promise.all(paths.map((path) => get(session, path)))
    session.close()
    await once(session, 'close')
    process.stdout.write('done\n')
  }
}

function print(row) {
  process.stdout.write(`${JSON.stringify(row)}\n`)
}

require('node:dns').setDefaultResultOrder?.('ipv4first')
const [mode, ...files] = process.argv.slice(2)
const modes = { serve, get: fetchAll }
void modes[mode](...files)
