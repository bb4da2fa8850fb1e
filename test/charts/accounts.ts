/** Acting as a service account: with a real token, bound to a pod as the kubelet's are, and with nothing else. */
import { readFileSync } from 'node:fs'
import type { IncomingMessage } from 'node:http'
import { request } from 'node:https'
import { text } from 'node:stream/consumers'
import { ACCESS_LOG_STATUS } from '../../crds/gen/accesslogstatus.ts'
import type { Cluster } from '../cluster/cluster.ts'

const DEADLINE_MS = 20_000

/** A pod that counts as running on the node for the API server; nothing runs. */
export function podOn(node: string, name: string, namespace: string, serviceAccountName: string): object {
  const containers = [{ name: 'main', image: 'none' }]
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace },
    spec: { nodeName: node, serviceAccountName, containers },
  }
}

/** @param pod what the token is bound to, and with it to a node; undefined: to nothing */
export async function boundToken(
  cluster: Cluster,
  namespace: string,
  account: string,
  pod?: string,
): Promise<string> {
  const bound = pod === undefined ? [] : ['--bound-object-kind=Pod', `--bound-object-name=${pod}`]
  const { stdout } = await cluster.kubectl(['create', 'token', account, '--namespace', namespace, ...bound])
  return stdout.trim()
}

/** What the API server answers to a write. */
export interface Answer {
  /** HTTP status. */
  code: number
  /** Why it was refused; empty when it was not. */
  message: string
}

/** Applies an AccessLogStatus's status as agents and the operator do, with this token as the only credential. */
export async function applyStatus(
  cluster: Cluster,
  token: string,
  node: string,
  status: object,
): Promise<Answer> {
  const { apiVersion, kind, plural } = ACCESS_LOG_STATUS
  const url = new URL(
    `/apis/${apiVersion}/${plural}/${node}/status?fieldManager=test&force=true`,
    cluster.url,
  )
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/apply-patch+yaml' }
  const body = JSON.stringify({ apiVersion, kind, metadata: { name: node }, status })
  const ca = readFileSync(cluster.authorityFile)
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>()
  const signal = AbortSignal.timeout(DEADLINE_MS)
  request(url, { method: 'PATCH', headers, ca, signal }, resolve).on('error', reject).end(body)
  const response = await promise
  const answer = JSON.parse(await text(response)) as { message?: string }
  return { code: response.statusCode ?? 0, message: answer.message ?? '' }
}
