/** One direction of an HTTP/2 connection: what its frames say about streams. */
import { REQUEST, type StreamName } from '../analyzer.ts'
import { HpackDecoder } from '../hpack/decoder.ts'
import { viewOf } from '../text/scan.ts'
import { type BlockReceiver, HeaderBlocks } from './blocks.ts'
import { ACK, CONTINUATION, END_STREAM, GOAWAY, isHeaderFrame, RST_STREAM, SETTINGS } from './frame.ts'
import type { FrameReceiver } from './frame-receiver.ts'
import { FrameReader } from './frames.ts'
import { Head } from './head.ts'
import { Stream } from './stream.ts'
import type { Streams } from './streams.ts'

/** The head read last, of whichever connection: it is used in the same call. */
const head = new Head()

const HEADER_TABLE_SIZE = 1
const SETTING_BYTES = 6
/** Settings of one frame that are looked at. */
const SETTINGS_MAX = 64

export class Direction implements FrameReceiver, BlockReceiver {
  readonly frames: FrameReader
  readonly decoder = new HpackDecoder()
  /** The other direction; set before the first byte. */
  peer!: Direction
  readonly #isRequest: boolean
  readonly #streams: Streams
  readonly #blocks = new HeaderBlocks(this)
  /** Of the DATA frame at hand. */
  #dataId = 0
  #data: Stream | undefined

  constructor(name: StreamName, streams: Streams, isComplete: boolean) {
    this.#isRequest = name === REQUEST
    this.#streams = streams
    this.frames = new FrameReader(this, isComplete)
  }

  frame(
    type: number,
    flags: number,
    streamId: number,
    chunk: Uint8Array,
    begin: number,
    end: number,
  ): boolean {
    if (isHeaderFrame(type)) return this.#readHeaders(type, flags, streamId, chunk, begin, end)
    if (this.#blocks.isOpen) return false
    if (type === RST_STREAM) this.#reset(streamId)
    else if (type === SETTINGS && !(flags & ACK)) this.#readSettings(chunk, begin, end)
    else if (type === GOAWAY && !this.#isRequest) this.#goAway(chunk, begin)
    return true
  }

  unseenFrame(type: number, flags: number, streamId: number, lengthBytes: number): boolean {
    if (isHeaderFrame(type)) return this.#blocks.unseenFrame(type, flags, streamId, lengthBytes)
    if (type === RST_STREAM) this.#reset(streamId)
    return !this.#blocks.isOpen
  }

  beginData(streamId: number): boolean {
    this.#dataId = streamId
    this.#data = this.#streams.get(streamId)
    return !this.#blocks.isOpen
  }

  data(lengthBytes: number): void {
    if (this.#data === undefined || this.#data.isLogged) return
    const { exchange } = this.#data
    if (this.#isRequest) exchange.requestBodyBytes += lengthBytes
    else exchange.responseBodyBytes += lengthBytes
  }

  endData(flags: number): void {
    const stream = this.#data
    this.#data = undefined
    if (stream === undefined || stream.isLogged) return
    if (this.frames.lastNs > stream.exchange.endNs) stream.exchange.endNs = this.frames.lastNs
    if (flags & END_STREAM) this.#endHalf(this.#dataId, stream)
  }

  lost(): void {
    this.#blocks.lose()
    this.#data = undefined
    this.decoder.table.forget()
    if (this.#isRequest) this.#streams.loseRequests()
    else this.#streams.loseResponses()
  }

  block(
    streamId: number,
    promisedId: number,
    ends: boolean,
    chunk: Uint8Array,
    begin: number,
    end: number,
  ): void {
    head.reset()
    const isKnown = this.decoder.decode(chunk, begin, end, head)
    if (!isKnown) this.decoder.table.forget()
    this.#message(streamId, promisedId, ends, isKnown, end - begin)
  }

  unseenBlock(streamId: number, promisedId: number, ends: boolean, lengthBytes: number): void {
    head.reset()
    this.decoder.table.forget()
    this.#message(streamId, promisedId, ends, false, lengthBytes)
  }

  #readHeaders(
    type: number,
    flags: number,
    streamId: number,
    chunk: Uint8Array,
    begin: number,
    end: number,
  ): boolean {
    if (this.#blocks.isOpen !== (type === CONTINUATION)) return false
    return this.#blocks.frame(type, flags, streamId, chunk, begin, end)
  }

  #message(id: number, promisedId: number, ends: boolean, isKnown: boolean, headerBytes: number): void {
    if (promisedId > 0) this.#promise(promisedId, isKnown, headerBytes)
    else if (this.#isRequest) this.#request(id, ends, isKnown, headerBytes)
    else this.#respond(id, ends, isKnown, headerBytes)
  }

  #request(id: number, ends: boolean, isKnown: boolean, headerBytes: number): void {
    const { beganNs, lastNs } = this.frames
    let stream = this.#streams.get(id)
    if (stream?.isRequested) this.#trailers(stream, headerBytes)
    else {
      // What is no head is the trailers of a stream that began before anybody looked.
      if (isKnown && head.isTrailers) return
      stream = this.#streams.begin(id, beganNs, lastNs)
      stream?.request(head, isKnown, headerBytes, beganNs, lastNs)
    }
    if (ends && stream !== undefined) this.#endHalf(id, stream)
  }

  #trailers({ exchange }: Stream, headerBytes: number): void {
    exchange.requestHeaderBytes += headerBytes
    if (this.frames.lastNs > exchange.endNs) exchange.endNs = this.frames.lastNs
  }

  #respond(id: number, ends: boolean, isKnown: boolean, headerBytes: number): void {
    const { beganNs, lastNs } = this.frames
    const stream = this.#streams.get(id) ?? this.#beginOrphan(id, isKnown, beganNs, lastNs)
    if (stream === undefined) return
    stream.respond(head, isKnown, headerBytes, ends)
    if (lastNs > stream.exchange.endNs) stream.exchange.endNs = lastNs
    if (ends) this.#endHalf(id, stream)
  }

  /** Trailers alone tell nothing that could be logged. */
  #beginOrphan(id: number, isKnown: boolean, beganNs: number, nowNs: number): Stream | undefined {
    if (!isKnown || head.status === 0) return undefined
    return this.#streams.beginOrphan(id, beganNs, nowNs)
  }

  /** The server sends the request that it answers (RFC 9113 §8.4). */
  #promise(promisedId: number, isKnown: boolean, headerBytes: number): void {
    const { beganNs, lastNs } = this.frames
    if (promisedId % 2 === 1 || this.#streams.get(promisedId) !== undefined) return
    const stream = Stream.begin(beganNs)
    stream.request(head, isKnown, headerBytes, beganNs, lastNs)
    stream.requestEnded = true
    this.#streams.put(promisedId, stream, lastNs)
  }

  #endHalf(id: number, stream: Stream): void {
    if (this.#isRequest) stream.requestEnded = true
    else stream.responseEnded = true
    this.#streams.settle(id, stream)
  }

  #reset(streamId: number): void {
    const stream = this.#streams.get(streamId)
    if (stream !== undefined) this.#streams.reset(streamId, stream, this.#isRequest, this.frames.lastNs)
  }

  /** What this side may be sent: it bounds the table of the other direction. */
  #readSettings(chunk: Uint8Array, begin: number, end: number): void {
    const view = viewOf(chunk)
    const last = Math.min(end, begin + SETTINGS_MAX * SETTING_BYTES) - SETTING_BYTES
    for (let at = begin; at <= last; at += SETTING_BYTES) {
      if (view.getUint16(at) === HEADER_TABLE_SIZE) this.peer.decoder.table.allow(view.getUint32(at + 2))
    }
  }

  #goAway(chunk: Uint8Array, begin: number): void {
    this.#streams.endUnanswered(viewOf(chunk).getUint32(begin) & 0x7fff_ffff, this.frames.lastNs)
  }
}
