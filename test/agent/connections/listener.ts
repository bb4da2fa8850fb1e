/** Takes what the reader hands on, as a list of words or as streams to compare with the model's. */
import type { ConnectionFacts, Role } from '../../../agent/connections/connection.ts'
import {
  type ConnectionListener,
  ConnectionReader,
  type FramedCall,
  type Operation,
} from '../../../agent/connections/reader.ts'
import type { ChunkWalk } from '../../../agent/connections/walk.ts'
import { batch } from './records.ts'

export type Event =
  | { event: 'opened'; facts: ConnectionFacts; role: Role }
  | { event: 'secured' }
  | ({ event: 'operation' } & Operation)
  | { event: 'framed'; text: string; call: FramedCall }
  | { event: 'bytes'; direction: number; text: string; startNs: number; endNs: number }
  | {
      event: 'gap'
      direction: number
      lengthBytes: number
      startNs: number
      endNs: number
      walk: ChunkWalk | undefined
    }
  | { event: 'closed'; operation: { startNs: number; endNs: number; success: boolean } | undefined }

/** Keeps every event, by connection id. */
export class Events implements ConnectionListener<number> {
  readonly of = new Map<number, Event[]>()

  opened(facts: ConnectionFacts, role: Role): number {
    this.of.set(facts.id, [...(this.of.get(facts.id) ?? []), { event: 'opened', facts, role }])
    return facts.id
  }

  secured(id: number): void {
    this.#add(id, { event: 'secured' })
  }

  operation(id: number, operation: Operation): void {
    this.#add(id, { event: 'operation', ...operation })
  }

  bytes(
    id: number,
    direction: number,
    chunk: Uint8Array,
    begin: number,
    end: number,
    { startNs, endNs }: Operation,
  ): void {
    const text = Buffer.from(chunk.subarray(begin, end)).toString('latin1')
    this.#add(id, { event: 'bytes', direction, text, startNs, endNs })
  }

  framed(
    id: number,
    _direction: number,
    chunk: Uint8Array,
    begin: number,
    end: number,
    call: FramedCall,
  ): void {
    const text = Buffer.from(chunk.subarray(begin, end)).toString('latin1')
    this.#add(id, { event: 'framed', text, call: { ...call } })
  }

  gap(
    id: number,
    direction: number,
    lengthBytes: number,
    startNs: number,
    endNs: number,
    walk: ChunkWalk | undefined,
  ): void {
    this.#add(id, { event: 'gap', direction, lengthBytes, startNs, endNs, walk })
  }

  closed(id: number, operation: { startNs: number; endNs: number; success: boolean } | undefined): void {
    this.#add(id, { event: 'closed', operation })
  }

  #add(id: number, event: Event): void {
    this.of.get(id)!.push(event)
  }
}

/** Every event of connection 1 after its `opened`, in words; and the counters. */
export function readAll(...records: readonly Uint8Array[]) {
  const events = new Events()
  const reader = new ConnectionReader(events)
  reader.read(batch(...records))
  const { malformed, lost, connections } = reader.counters
  return { words: (events.of.get(1) ?? []).slice(1).map(inWords), malformed, lost, connections }
}

function inWords(event: Event): string {
  switch (event.event) {
    case 'opened':
      return `opened ${event.role}`
    case 'secured':
      return 'secured'
    case 'operation':
      return `${event.direction === 0 ? 'read' : 'write'} ${event.count}×${event.bytes} ${event.startNs}-${event.endNs} ${event.syscall}`
    case 'bytes':
      return `bytes ${event.direction} ${event.text}`
    case 'framed': {
      const { direction, omittedBytes, isAligned } = event.call
      return `framed ${direction} ${event.text} omitted=${omittedBytes}${isAligned ? ' aligned' : ''}`
    }
    case 'gap':
      return `gap ${event.direction} ${event.lengthBytes} ${event.startNs}-${event.endNs}${walkInWords(event.walk)}`
    case 'closed':
      return event.operation
        ? `closed ${event.operation.startNs}-${event.operation.endNs} ${event.operation.success}`
        : 'closed'
  }
}

function walkInWords(walk: (Event & { event: 'gap' })['walk']): string {
  return walk === undefined ? '' : ` framing=${walk.framingBytes} ended=${walk.ended} lost=${walk.lost}`
}
