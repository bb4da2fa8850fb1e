/** Answers agents that ask whose addresses are: `crds/naming/addresses.ts` is the contract. */
import { type IncomingMessage, type Server, type ServerResponse, createServer } from 'node:http'
import {
  type AddressOwner,
  type AddressesRequest,
  type AddressesResponse,
  ADDRESSES_BODY_BYTES_MAX,
  ADDRESSES_MAX,
  ADDRESSES_PATH,
} from '../../crds/naming/addresses.ts'
import type { Tokens } from './tokens.ts'

export interface AddressServerOptions {
  lookup: (address: string) => AddressOwner | undefined
  tokens: Pick<Tokens, 'verdict'>
  /** Whether all pods and Services have been read. */
  isReady: () => boolean
  /** @param addresses how many were asked for; 0 when refused @param found how many were known */
  answered: (status: number, addresses: number, found: number) => void
}

/** A pod's address may be another's soon after it ended. */
const MAX_AGE_MS = 60_000
const RETRY_AFTER_SECONDS = 5
const REQUEST_TIMEOUT_MS = 10_000
/** More than there are nodes in the largest clusters. */
const CONNECTIONS_MAX = 10_000

class Refusal extends Error {
  readonly status: number
  constructor(status: number, message: string) {
    super(message)
    this.status = status
  }
}

export function addressServer(options: AddressServerOptions): Server {
  const server = createServer((request, response) => void respond(request, response, options))
  server.requestTimeout = REQUEST_TIMEOUT_MS
  server.headersTimeout = REQUEST_TIMEOUT_MS
  server.maxConnections = CONNECTIONS_MAX
  return server
}

async function respond(
  request: IncomingMessage,
  response: ServerResponse,
  options: AddressServerOptions,
): Promise<void> {
  try {
    await admit(request, options)
    const { addresses } = parse(await read(request))
    const answer = answerTo(addresses, options.lookup)
    options.answered(200, addresses.length, Object.keys(answer.addresses).length)
    send(response, 200, answer)
  } catch (error) {
    const { status, message } =
      error instanceof Refusal ? error : new Refusal(503, 'the API server does not answer')
    options.answered(status, 0, 0)
    if (status === 503) response.setHeader('Retry-After', RETRY_AFTER_SECONDS)
    if (!request.complete) response.setHeader('Connection', 'close')
    send(response, status, { error: message })
  }
}

async function admit(request: IncomingMessage, { tokens, isReady }: AddressServerOptions): Promise<void> {
  if (request.url !== ADDRESSES_PATH) throw new Refusal(404, `only ${ADDRESSES_PATH} is here`)
  if (request.method !== 'POST') throw new Refusal(405, 'POST a list of addresses')
  const [, token] = /^Bearer (\S+)$/.exec(request.headers.authorization ?? '') ?? []
  if (token === undefined) throw new Refusal(401, 'a bearer token is needed')
  const verdict = await tokens.verdict(token)
  if (verdict === 'invalid') throw new Refusal(401, 'the token is not valid')
  if (verdict === 'other') throw new Refusal(403, 'only agents may ask')
  if (!isReady()) throw new Refusal(503, 'pods and Services are still being read')
}

async function read(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length
    if (bytes > ADDRESSES_BODY_BYTES_MAX) throw new Refusal(413, 'the body is too long')
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

function parse(text: string): AddressesRequest {
  const addresses = (parseJson(text) as Partial<AddressesRequest> | null)?.addresses
  const isList = Array.isArray(addresses) && addresses.every((address) => typeof address === 'string')
  if (!isList || addresses.length === 0)
    throw new Refusal(400, 'the body must be {"addresses": ["10.0.0.1"]}')
  if (addresses.length > ADDRESSES_MAX) throw new Refusal(413, `at most ${ADDRESSES_MAX} addresses at once`)
  return { addresses }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined // refused by the caller, which knows what is wanted
  }
}

function answerTo(addresses: readonly string[], lookup: AddressServerOptions['lookup']): AddressesResponse {
  const owners: [string, AddressOwner][] = []
  for (const address of addresses) {
    const owner = lookup(address)
    if (owner) owners.push([address, owner])
  }
  return { addresses: Object.fromEntries(owners), maxAgeMs: MAX_AGE_MS }
}

function send(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'Content-Type': 'application/json' })
  response.end(JSON.stringify(body))
}
