/**
 * A gRPC service on grpc-js without a schema: messages are bytes. One JSON row a line once a call is over, with the bytes
 * of its messages, the five before each included.
 */
import { once } from 'node:events'
import {
  type handleBidiStreamingCall,
  type handleClientStreamingCall,
  type handleServerStreamingCall,
  type handleUnaryCall,
  Server,
  ServerCredentials,
  status,
} from '@grpc/grpc-js'

const PREFIX_BYTES = 5
const identity = (bytes: Buffer): Buffer => bytes

interface Row {
  path: string
  grpcStatus: status
  requestBodyBytes: number
  responseBodyBytes: number
}

function log({ path, grpcStatus, requestBodyBytes, responseBodyBytes }: Row): void {
  const row = { method: 'POST', path, status: 200, grpcStatus, responseBodyBytes, requestBodyBytes }
  process.stdout.write(`${JSON.stringify(row)}\n`)
}

const framed = (bytes: Buffer): number => bytes.length + PREFIX_BYTES

/** Answers with the request; `fail` ends with NOT_FOUND in trailers only, `hang` never answers. */
const unary: handleUnaryCall<Buffer, Buffer> = ({ request }, answer) => {
  const text = request.toString('latin1')
  if (text === 'hang') return
  const isError = text === 'fail'
  const requestBodyBytes = framed(request)
  log({
    path: '/test.Echo/Unary',
    grpcStatus: isError ? status.NOT_FOUND : status.OK,
    requestBodyBytes,
    responseBodyBytes: isError ? 0 : requestBodyBytes,
  })
  if (isError) answer({ code: status.NOT_FOUND, details: 'there is none' })
  else answer(null, request)
}

const collect: handleClientStreamingCall<Buffer, Buffer> = (call, answer) => {
  let requestBodyBytes = 0
  call.on('data', (message: Buffer) => (requestBodyBytes += framed(message)))
  call.on('end', () => {
    const message = Buffer.from(String(requestBodyBytes))
    log({
      path: '/test.Echo/Collect',
      grpcStatus: status.OK,
      requestBodyBytes,
      responseBodyBytes: framed(message),
    })
    answer(null, message)
  })
}

/** `COUNTxBYTES`: so many messages of so many bytes. */
const repeat: handleServerStreamingCall<Buffer, Buffer> = (call) => {
  const [count = 0, bytes = 0] = call.request.toString('latin1').split('x').map(Number)
  const message = Buffer.alloc(bytes, 'r')
  void (async () => {
    for (let i = 0; i < count; i++) if (!call.write(message)) await once(call, 'drain')
    log({
      path: '/test.Echo/Repeat',
      grpcStatus: status.OK,
      requestBodyBytes: framed(call.request),
      responseBodyBytes: count * framed(message),
    })
    call.end()
  })()
}

const chat: handleBidiStreamingCall<Buffer, Buffer> = (call) => {
  let bytes = 0
  call.on('data', (message: Buffer) => {
    bytes += framed(message)
    call.write(message)
  })
  call.on('end', () => {
    log({ path: '/test.Echo/Chat', grpcStatus: status.OK, requestBodyBytes: bytes, responseBodyBytes: bytes })
    call.end()
  })
}

function method(name: string, requestStream: boolean, responseStream: boolean) {
  return {
    path: `/test.Echo/${name}`,
    requestStream,
    responseStream,
    requestSerialize: identity,
    requestDeserialize: identity,
    responseSerialize: identity,
    responseDeserialize: identity,
  }
}

const server = new Server()
server.addService(
  {
    unary: method('Unary', false, false),
    collect: method('Collect', true, false),
    repeat: method('Repeat', false, true),
    chat: method('Chat', true, true),
  },
  { unary, collect, repeat, chat },
)
server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, port) => {
  if (error) throw error
  process.stdout.write(`listening ${port}\n`)
})
process.on('SIGTERM', () => process.exit(0))
