/** Simulated agents: each with the two watches of a real one, all multiplexed over a few HTTP/2 connections. */
import { type ClientHttp2Session, type ClientHttp2Stream, connect } from 'node:http2'
import type { RequestOptions } from 'node:https'
import { WatchLines } from '../../operator/gather/watch-lines.ts'

/** An API server allows 100 streams a connection: two watches each, and reports. */
const AGENTS_PER_SESSION = 40
const BASE = '/apis/accesslog.dev/v1alpha1'

export interface Credentials extends Pick<RequestOptions, 'ca' | 'cert' | 'key'> {
  server: string
}

interface Watched {
  metadata: { name: string }
  spec: { hash?: string; configRef?: { name: string } }
}

export class SimulatedAgent {
  readonly node: string
  readonly #session: ClientHttp2Session
  #config: ClientHttp2Stream | undefined
  configName: string | undefined
  /** Hash of the config that is applied, and when it was. */
  hash: string | undefined
  appliedMs = 0

  constructor(node: string, session: ClientHttp2Session) {
    this.node = node
    this.#session = session
  }

  start(): void {
    this.#watch(`${BASE}/accesslogstatuses`, this.node, ({ spec }) => this.#assigned(spec.configRef?.name))
  }

  /** As a real agent's heartbeat. */
  report(time: Date): Promise<number> {
    const status = {
      state: this.hash === undefined ? 'Inactive' : 'Active',
      ...(this.configName !== undefined && { configName: this.configName }),
      ...(this.hash !== undefined && { configHash: this.hash, configHashShort: this.hash.slice(0, 8) }),
      lastHeartbeatTime: time.toISOString().replace(/\.\d+/, ''),
      agent: { version: '0.1.0', pod: `accesslog-agent-${this.node}` },
      kernel: '6.1.0-41-cloud-amd64',
      workloads: { processes: 120, containers: 60, pods: 30 },
      connections: 1000,
      counters: { delivered: time.getTime(), filtered: 10, dropped: 0 },
    }
    const body = {
      apiVersion: 'accesslog.dev/v1alpha1',
      kind: 'AccessLogStatus',
      metadata: { name: this.node },
      status,
    }
    const { promise, resolve } = Promise.withResolvers<number>()
    const stream = this.#session.request({
      ':method': 'PATCH',
      ':path': `${BASE}/accesslogstatuses/${this.node}/status?fieldManager=accesslog-agent&force=true`,
      'content-type': 'application/apply-patch+yaml',
    })
    stream.on('response', (headers) => resolve(headers[':status'] ?? 0))
    stream.on('error', () => resolve(0))
    stream.resume()
    stream.end(JSON.stringify(body))
    return promise
  }

  #assigned(name: string | undefined): void {
    if (name === this.configName) return
    this.configName = name
    this.#config?.close()
    this.hash = undefined
    if (name === undefined) return
    this.#config = this.#watch(`${BASE}/accesslogconfigs`, name, ({ spec }) => {
      if (this.configName !== name || spec.hash === this.hash) return
      this.hash = spec.hash
      this.appliedMs = performance.now()
    })
  }

  #watch(path: string, name: string, changed: (object: Watched) => void): ClientHttp2Stream {
    // What is there comes first, from the cache. Bookmarks with it would need an etcd that tells its progress.
    const query = `watch=1&resourceVersion=0&timeoutSeconds=3600&fieldSelector=metadata.name%3D${name}`
    const stream = this.#session.request({ ':path': `${path}?${query}` })
    const lines = new WatchLines()
    stream.on('error', () => {}) // the end of the benchmark
    stream.on('data', (chunk: Buffer) => {
      for (const { type, object } of lines.take(chunk))
        if (type === 'ADDED' || type === 'MODIFIED') changed(object as Watched)
    })
    return stream
  }
}

/** @returns the agents, and what ends their connections */
export async function startAgents(
  nodes: readonly string[],
  { server, ...tls }: Credentials,
): Promise<{ agents: SimulatedAgent[]; stop: () => void }> {
  const sessions: ClientHttp2Session[] = []
  const agents: SimulatedAgent[] = []
  for (let from = 0; from < nodes.length; from += AGENTS_PER_SESSION) {
    const session = connect(server, {
      ca: tls.ca as Buffer,
      cert: tls.cert as Buffer,
      key: tls.key as Buffer,
    })
    session.on('error', () => {})
    session.setMaxListeners(0)
    await new Promise<void>((resolve) => session.once('remoteSettings', () => resolve()))
    sessions.push(session)
    for (const node of nodes.slice(from, from + AGENTS_PER_SESSION))
      agents.push(new SimulatedAgent(node, session))
    for (const agent of agents.slice(from)) agent.start()
  }
  return { agents, stop: () => sessions.forEach((session) => session.destroy()) }
}
