/**
 * What a backend must know of a message to take or drop its logs, read straight from the bytes: a receiver that
 * builds an object per message would cost more than what it measures. Independent of the agent's own writer.
 */

/** Why a log would be lost, or end up wrong, at the backend. */
export type Reason =
  | 'node_missing'
  | 'connection_missing'
  | 'connection_incomplete'
  | 'same_service'
  | 'operation_unknown'
  | 'operation_time_missing'
  | 'http_time_missing'
  | 'http_request_missing'
  | 'http_path_missing'
  | 'http_response_missing'

export interface Outline {
  /** Present when the message has a node with a boot time. */
  node: boolean
  /** What the backend makes of the connection, when the message has one. */
  connection: 'valid' | Reason | undefined
  /** Kernel logs, and what is wrong with those that are wrong. */
  kernelLogs: number
  brokenOperations: Reason[]
  http: 'valid' | Reason | undefined
}

/** @throws RangeError when the bytes are not a protobuf message */
export function outlineOf(bytes: Buffer): Outline {
  const outline: Outline = {
    node: false,
    connection: undefined,
    kernelLogs: 0,
    brokenOperations: [],
    http: undefined,
  }
  const fields = new Fields(bytes, 0, bytes.length)
  while (fields.next()) {
    if (fields.number === 1) outline.node = hasBootTime(fields.message())
    else if (fields.number === 2) outline.connection = checkConnection(fields.message())
    else if (fields.number === 3) addKernelLog(outline, fields.message())
    else if (fields.number === 4) outline.http = checkProtocolLog(fields.message())
  }
  return outline
}

function hasBootTime(node: Fields): boolean {
  return node.find(3) && node.message().positive(1)
}

function checkConnection(connection: Fields): 'valid' | Reason {
  let local: string | undefined
  let remote: string | undefined
  while (connection.next()) {
    if (connection.number === 1) local = serviceOf(connection.message())
    else if (connection.number === 2) remote = serviceOf(connection.message())
  }
  if (local === undefined || remote === undefined) return 'connection_incomplete'
  return local === remote ? 'same_service' : 'valid'
}

/** Without a cluster to ask, the backend knows no address: it calls them all the same. */
function serviceOf(address: Fields): string | undefined {
  if (!address.next()) return undefined
  if (address.number === 2) return 'Unknown'
  return address.message().text(1)
}

function addKernelLog(outline: Outline, kernelLog: Fields): void {
  outline.kernelLogs++
  if (!kernelLog.next() || kernelLog.number > 5) outline.brokenOperations.push('operation_unknown')
  else if (!hasTimes(kernelLog.message())) outline.brokenOperations.push('operation_time_missing')
}

function checkProtocolLog(protocolLog: Fields): 'valid' | Reason {
  if (!protocolLog.find(1)) return 'http_request_missing'
  const http = protocolLog.message()
  if (!hasTimes(http)) return 'http_time_missing'
  const request = protocolLog.message()
  if (!request.find(4)) return 'http_request_missing'
  if (request.message().text(2) === '') return 'http_path_missing'
  return protocolLog.message().find(5) ? 'valid' : 'http_response_missing'
}

/** Fields 1 and 2 are the times of every operation and exchange; 0 is what a missing one would be. */
function hasTimes(timed: Fields): boolean {
  let times = 0
  while (timed.next() && timed.number <= 2) if (isSet(timed.message())) times++
  return times === 2
}

function isSet(timestamp: Fields): boolean {
  return timestamp.find(1) && timestamp.message().positive(1)
}

/** The fields of the message bytes[start, end), one after the other. */
class Fields {
  readonly #bytes: Buffer
  readonly #end: number
  #at: number
  /** Of the current field. */
  number = 0
  /** A varint (approximate beyond 2^53), or the length of what it holds. */
  value = 0
  #from = 0

  constructor(bytes: Buffer, start: number, end: number) {
    this.#bytes = bytes
    this.#end = end
    this.#at = start
  }

  /** Moves to the next field. @returns false at the end of the message */
  next(): boolean {
    if (this.#at >= this.#end) return false
    const tag = this.#varint()
    this.number = tag >>> 3
    this.value = this.#varint()
    this.#from = this.#at
    if ((tag & 7) === 2) this.#at += this.value
    else if ((tag & 7) !== 0) throw new RangeError(`wire type ${tag & 7}`)
    if (this.#at > this.#end) throw new RangeError('a field ends after its message')
    return true
  }

  /** The current field as a message. */
  message(): Fields {
    return new Fields(this.#bytes, this.#from, this.#at)
  }

  /** Moves on to the next field with this number. @returns false at the end of the message */
  find(number: number): boolean {
    while (this.next()) if (this.number === number) return true
    return false
  }

  /** Whether a varint field is there and above 0. */
  positive(number: number): boolean {
    return this.find(number) && this.value > 0
  }

  /** The first field with this number as a string; empty when absent. */
  text(number: number): string {
    return this.find(number) ? this.#bytes.toString('utf8', this.#from, this.#at) : ''
  }

  #varint(): number {
    let value = 0
    for (let scale = 1; this.#at < this.#end; scale *= 128) {
      const byte = this.#bytes[this.#at++]!
      if (byte < 128) return value + byte * scale
      value += (byte & 127) * scale
    }
    throw new RangeError('a varint ends after its message')
  }
}
