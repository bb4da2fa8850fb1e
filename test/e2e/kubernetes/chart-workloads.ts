/** Pods of nginx, Node and Python behind Services, and one that asks them: what users have before they install anything. */
import { WORKLOAD_IMAGE } from '../../../tools/images/images.ts'
import { namespace } from './objects.ts'

/** Namespace of the servers that ask each other. */
export const SHOP = 'shop'
/** Namespace that policies exclude first. */
export const BANK = 'bank'

const SERVING_PORT = 8080

const NGINX = `events {}
http { access_log off; server { listen ${SERVING_PORT}; location / { default_type text/plain; return 200 web; } } }`

/** Asks the Service behind it for the same path, by its cluster address. */
const NODE = `require('node:http').createServer(async (request, response) => {
  if (request.url === '/ready') return response.end('ready')
  const answer = await fetch('http://stock.${SHOP}' + request.url)
  response.end('cart and ' + await answer.text())
}).listen(${SERVING_PORT})`

const PYTHON = `from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header('content-length', '5')
        self.end_headers()
        self.wfile.write(b'stock')
ThreadingHTTPServer(('', ${SERVING_PORT}), Handler).serve_forever()`

const nginx = [
  'sh',
  '-euc',
  'echo "$1" >/tmp/nginx.conf; exec nginx -c /tmp/nginx.conf -g "daemon off;"',
  'sh',
  NGINX,
]

/** Deployments by namespace and name; each has a Service of its name and a container of its program's. */
export const SERVERS = [
  { namespace: SHOP, name: 'web', program: 'nginx', command: nginx },
  { namespace: SHOP, name: 'cart', program: 'node', command: ['node', '-e', NODE] },
  { namespace: SHOP, name: 'stock', program: 'python3', command: ['python3', '-c', PYTHON] },
  { namespace: BANK, name: 'ledger', program: 'python3', command: ['python3', '-c', PYTHON] },
] as const

type Server = (typeof SERVERS)[number]

const container = (name: string, command: readonly string[]) => ({
  name,
  image: WORKLOAD_IMAGE,
  imagePullPolicy: 'Never',
  command,
})

function deployment({ namespace: inNamespace, name, program, command }: Server) {
  const labels = { app: name }
  const readinessProbe = { httpGet: { port: SERVING_PORT, path: '/ready' }, periodSeconds: 1 }
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { namespace: inNamespace, name },
    spec: {
      selector: { matchLabels: labels },
      template: {
        metadata: { labels },
        spec: {
          containers: [{ ...container(program, command), readinessProbe }],
          terminationGracePeriodSeconds: 0,
        },
      },
    },
  }
}

function service({ namespace: inNamespace, name }: Server) {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { namespace: inNamespace, name },
    spec: { selector: { app: name }, ports: [{ port: 80, targetPort: SERVING_PORT }] },
  }
}

/** A pod that no Service selects; commands are run in it. */
const CLIENT = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { namespace: SHOP, name: 'client' },
  spec: { containers: [container('shell', ['sleep', 'infinity'])], terminationGracePeriodSeconds: 0 },
}

/** All of it, in an order in which it can be applied. */
export const WORKLOADS: readonly object[] = [
  ...[SHOP, BANK].map(namespace),
  ...SERVERS.flatMap((server) => [service(server), deployment(server)]),
  CLIENT,
]
