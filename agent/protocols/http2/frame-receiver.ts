/** Takes the frames of one direction of a connection. */
export interface FrameReceiver {
  /** A frame with its payload `chunk[begin, end)`, which is valid during the call. @returns false: it cannot be */
  frame(type: number, flags: number, streamId: number, chunk: Uint8Array, begin: number, end: number): boolean
  /** A frame other than DATA, whose payload was not seen or not all of it, has passed. @returns as `frame` */
  unseenFrame(type: number, flags: number, streamId: number, lengthBytes: number): boolean
  /** DATA begins, goes on by so many bytes without padding, and ends. @returns false: it cannot be */
  beginData(streamId: number): boolean
  data(lengthBytes: number): void
  endData(flags: number): void
  /** Frames passed that are not known. */
  lost(): void
}
