/** PEM files that are replaced where they are, before the eyes of a real receiver. */
import { mkdirSync, renameSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { text } from 'node:stream/consumers'
import { ServerCredentials } from '@grpc/grpc-js'
import test, { type ExecutionContext } from 'ava'
import { startSender } from '../../../agent/backend.ts'
import type { AgentConfig } from '../../../agent/config/config.ts'
import { loadConfig } from '../../../agent/config/load.ts'
import { Delivery } from '../../../agent/delivery.ts'
import type { Batch } from '../../../agent/flush/batch.ts'
import type { SenderCounters } from '../../../agent/flush/tally.ts'
import { makeLogger, type Logger } from '../../../agent/report/logger.ts'
import { temporaryFolder } from '../workloads/tree.ts'
import { type Authority, createAuthority } from './certificates.ts'
import { batchOf, bootTimeNs, conserved, eventually, startReceiver } from './harness.ts'

interface Way {
  push: (batch: Batch) => void
  counters: () => SenderCounters
}

const MODES: Record<string, (t: ExecutionContext, config: AgentConfig, logger: Logger) => Promise<Way>> = {
  'on one machine': async (t, config, logger) => {
    if (config.backend === undefined) throw new Error('the config has a backend')
    const sender = await startSender(config, config.backend, { hostName: 'test', bootTimeNs, logger })
    t.teardown(() => sender.stop(0))
    return { push: (batch) => sender.push(batch), counters: () => sender.counters }
  },
  'in a cluster': async (t, config, logger) => {
    const delivery = new Delivery({ hostName: 'test', bootTimeNs, logger })
    await delivery.use(config)
    t.teardown(() => delivery.stop(0))
    const counters = () => {
      if (delivery.counters === undefined) throw new Error('it has a backend')
      return delivery.counters
    }
    return { push: (batch) => delivery.push(batch), counters }
  },
}

/** Files as the kubelet mounts a Secret: a link to the folder of the current version, which is exchanged at once. */
class SecretVolume {
  readonly folder: string
  #versions = 0

  constructor(folder: string) {
    this.folder = folder
    for (const name of ['ca.crt', 'tls.crt', 'tls.key']) symlinkSync(join('..data', name), join(folder, name))
  }

  put(files: Record<'ca.crt' | 'tls.crt' | 'tls.key', Buffer | string>): void {
    const version = `..version-${this.#versions++}`
    mkdirSync(join(this.folder, version))
    for (const [name, content] of Object.entries(files))
      writeFileSync(join(this.folder, version, name), content)
    symlinkSync(version, join(this.folder, '..data_tmp'))
    renameSync(join(this.folder, '..data_tmp'), join(this.folder, '..data'))
  }
}

function authority(t: ExecutionContext): Authority {
  const made = createAuthority()
  t.teardown(() => made.remove())
  return made
}

const filesOf = ({ ca, issue }: Authority) => {
  const client = issue('client')
  return { 'ca.crt': ca, 'tls.crt': client.certificate, 'tls.key': client.key }
}

/** Asks clients for a certificate of the same authority. */
function credentialsOf({ ca, issue }: Authority): ServerCredentials {
  const { key, certificate } = issue('server')
  return ServerCredentials.createSsl(ca, [{ private_key: key, cert_chain: certificate }], true)
}

function configOf(address: string, folder: string): AgentConfig {
  const environment = {
    ROVER_BACKEND_ADDR: address,
    ROVER_BACKEND_ENABLE_TLS: 'true',
    ROVER_BACKEND_CA_PEM_PATH: join(folder, 'ca.crt'),
    ROVER_BACKEND_PEM_PATH: join(folder, 'tls.crt'),
    ROVER_BACKEND_KEY_PATH: join(folder, 'tls.key'),
    ROVER_ACCESS_LOG_FLUSH_PERIOD: '100ms',
  }
  return loadConfig({ standalone: false, flags: {}, environment, configPath: undefined }).config
}

for (const [mode, open] of Object.entries(MODES))
  test(`certificates that are rotated in place are used from the next connection on, ${mode}`, async (t) => {
    t.timeout(120_000)
    const [before, after] = [authority(t), authority(t)]
    const volume = new SecretVolume(temporaryFolder(t))
    volume.put(filesOf(before))
    const { receiver, paths } = await startReceiver(t, { credentials: credentialsOf(before) })
    const words = new PassThrough()
    const logger = makeLogger({ stream: words })
    const { push, counters } = await open(t, configOf(receiver.address, volume.folder), logger)
    let pushed = 0
    const deliver = async () => {
      push(batchOf(`/${pushed++}`))
      await eventually(`confirmation ${pushed}`, () => counters().delivered.httpLogs === pushed)
      conserved(t, counters())
    }
    /** Ends every connection. @returns the paths of the next receiver at the same address */
    const replace = async (last: { stop: () => void }, of: Authority) => {
      last.stop()
      push(batchOf(`/${pushed++}`)) // while nobody is there
      return startReceiver(t, { address: receiver.address, credentials: credentialsOf(of) })
    }
    await deliver()

    volume.put({ 'ca.crt': 'half a fi', 'tls.crt': '', 'tls.key': '' })
    const second = await replace(receiver, before)
    await deliver()

    volume.put(filesOf(after))
    await deliver()
    const third = await replace(second.receiver, after)
    await deliver()
    const all = [...paths, ...second.paths, ...third.paths]
    t.deepEqual(
      [...new Set(all)].toSorted(),
      Array.from({ length: pushed }, (_, index) => `/${index}`),
    )
    t.deepEqual([paths.length, second.paths.length > 0, third.paths.length > 0], [1, true, true])
    words.end()
    const told = await text(words)
    t.is(told.match(/the PEM files of before are used/g)?.length, 1, told)
  })
