import { ServerCredentials } from '@grpc/grpc-js'
import anyTest, { type ExecutionContext, type TestFn } from 'ava'
import { BackendSettingError } from '../../../agent/flush/problem.ts'
import type { SenderSettings } from '../../../agent/flush/settings.ts'
import { type Authority, type Pair, createAuthority } from './certificates.ts'
import { batchOf, eventually, startReceiver, startSender } from './harness.ts'

const test = anyTest as TestFn<{
  authority: Authority
  stranger: Authority
  server: Pair
  client: Pair
  foreign: Pair
}>

test.before((t) => {
  const authority = createAuthority()
  const stranger = createAuthority()
  t.context = {
    authority,
    stranger,
    server: authority.issue('server'),
    client: authority.issue('client'),
    foreign: stranger.issue('client'),
  }
})

test.after.always((t) => {
  t.context.authority.remove()
  t.context.stranger.remove()
})

type Context = ExecutionContext<{
  authority: Authority
  stranger: Authority
  server: Pair
  client: Pair
  foreign: Pair
}>

function credentials(t: Context, checkClient: boolean): ServerCredentials {
  const { authority, server } = t.context
  const pair = { private_key: server.key, cert_chain: server.certificate }
  return ServerCredentials.createSsl(authority.ca, [pair], checkClient)
}

const rows: {
  sentence: string
  checkClient?: boolean
  settings: (t: Context) => Partial<SenderSettings>
  delivers: boolean
}[] = [
  {
    sentence: 'a server whose authority is known is trusted',
    settings: (t) => ({ caPem: t.context.authority.ca }),
    delivers: true,
  },
  {
    sentence: 'a server of an unknown authority is not',
    settings: (t) => ({ caPem: t.context.stranger.ca }),
    delivers: false,
  },
  {
    sentence: 'a server of an unknown authority is taken when verification is off',
    settings: () => ({ insecureSkipVerify: true }),
    delivers: true,
  },
  {
    sentence: 'a client with a certificate is let in where one is asked for',
    checkClient: true,
    settings: ({ context: { authority, client } }) => ({
      caPem: authority.ca,
      clientPem: client.certificate,
      clientKey: client.key,
    }),
    delivers: true,
  },
  {
    sentence: 'a client without a certificate is not',
    checkClient: true,
    settings: (t) => ({ caPem: t.context.authority.ca }),
    delivers: false,
  },
  {
    sentence: 'a client with a certificate of a stranger is not',
    checkClient: true,
    settings: ({ context: { authority, foreign } }) => ({
      caPem: authority.ca,
      clientPem: foreign.certificate,
      clientKey: foreign.key,
    }),
    delivers: false,
  },
]

for (const { sentence, checkClient = false, settings, delivers } of rows) {
  test(sentence, async (t) => {
    const { receiver, paths } = await startReceiver(t, { credentials: credentials(t, checkClient) })
    const { sender, codes } = await startSender(t, receiver.address, { enableTls: true, ...settings(t) })
    sender.push(batchOf('/secret'))
    if (delivers) await eventually('confirmation', () => sender.counters.delivered.httpLogs === 1)
    else await eventually('problem', () => codes().includes('BACKEND_TLS_FAILED'))
    t.deepEqual(paths, delivers ? ['/secret'] : [])
  })
}

test('a server that does not speak TLS is told as such', async (t) => {
  const { receiver } = await startReceiver(t)
  const { sender, codes } = await startSender(t, receiver.address, {
    enableTls: true,
    caPem: t.context.authority.ca,
  })
  await eventually('problem', () => codes().at(-1))
  t.is(sender.status.problem!.code, 'BACKEND_TLS_FAILED')
  t.is(
    sender.status.problem!.message,
    `no TLS connection to ${receiver.address} (wrong version number): check core.backend.enable_TLS and the PEM files`,
  )
})

for (const [sentence, settings] of [
  ['a certificate that is not PEM', { enableTls: true, caPem: Buffer.from('hello') }],
  ['a client certificate without its key', { enableTls: true, clientPem: Buffer.from('x') }],
  ['a token that no header can carry', { authentication: 'päss\nword' }],
] as const) {
  test(`${sentence} is refused before any attempt`, async (t) => {
    const error = await t.throwsAsync(startSender(t, '127.0.0.1:1', settings), {
      instanceOf: BackendSettingError,
    })
    t.regex(error!.message, /core\.backend/)
  })
}
