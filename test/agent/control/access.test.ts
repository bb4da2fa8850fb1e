import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'ava'
import { kubeconfigAccess, podAccess } from '../../../agent/control/access.ts'
import { temporaryFolder } from '../workloads/tree.ts'

const ENVIRONMENT = { KUBERNETES_SERVICE_HOST: '10.0.0.1', KUBERNETES_SERVICE_PORT: '6443' }

test('a pod’s access follows its token as it is rotated', (t) => {
  const folder = temporaryFolder(t)
  writeFileSync(join(folder, 'token'), 'first\n')
  writeFileSync(join(folder, 'ca.crt'), 'pem')
  const access = podAccess(ENVIRONMENT, folder)
  t.is(access.server.href, 'https://10.0.0.1:6443/')
  t.is(access.token(), 'first')
  writeFileSync(join(folder, 'token'), 'second')
  t.is(access.token(), 'second')
  t.is(access.ca()?.toString(), 'pem')
})

test('an IPv6 address of the API server', (t) => {
  const folder = temporaryFolder(t)
  for (const file of ['token', 'ca.crt']) writeFileSync(join(folder, file), 'x')
  t.is(podAccess({ KUBERNETES_SERVICE_HOST: 'fd00::1' }, folder).server.href, 'https://[fd00::1]/')
})

test('outside a pod, and without its files, there is no access', (t) => {
  t.throws(() => podAccess({}), { code: 'KUBERNETES_ACCESS', message: /KUBERNETES_SERVICE_HOST/ })
  t.throws(() => podAccess(ENVIRONMENT, '/none'), { code: 'KUBERNETES_ACCESS', message: /\/none\/token/ })
})

const KUBECONFIG = `
current-context: it
contexts: [{ name: it, context: { cluster: here, user: me } }, { name: other, context: {} }]
clusters: [{ name: here, cluster: { server: 'https://127.0.0.1:6443', certificate-authority: ca.pem } }]
users: [{ name: me, user: { tokenFile: token } }]
`

test('a kubeconfig with files beside it', (t) => {
  const folder = temporaryFolder(t)
  writeFileSync(join(folder, 'config'), KUBECONFIG)
  writeFileSync(join(folder, 'ca.pem'), 'pem')
  writeFileSync(join(folder, 'token'), 'secret\n')
  const access = kubeconfigAccess(join(folder, 'config'))
  t.is(access.server.port, '6443')
  t.is(access.ca()?.toString(), 'pem')
  t.is(access.token(), 'secret')
  t.is(access.client, undefined)
})

test('a kubeconfig with everything in it', (t) => {
  const folder = temporaryFolder(t)
  const data = Buffer.from('pem').toString('base64')
  const text = KUBECONFIG.replace(
    'certificate-authority: ca.pem',
    `certificate-authority-data: ${data}`,
  ).replace('tokenFile: token', `client-certificate-data: ${data}, client-key-data: ${data}`)
  writeFileSync(join(folder, 'config'), text)
  const access = kubeconfigAccess(join(folder, 'config'))
  t.is(access.ca()?.toString(), 'pem')
  t.is(access.token(), undefined)
  t.is(access.client?.key.toString(), 'pem')
})

test('a kubeconfig that is none is said to be none', (t) => {
  const path = join(temporaryFolder(t), 'config')
  t.throws(() => kubeconfigAccess(path), { code: 'KUBERNETES_ACCESS' })
  writeFileSync(path, 'a: [')
  t.throws(() => kubeconfigAccess(path), { code: 'KUBERNETES_ACCESS' })
  writeFileSync(path, '')
  t.throws(() => kubeconfigAccess(path), { code: 'KUBERNETES_ACCESS', message: /no usable current-context/ })
})
