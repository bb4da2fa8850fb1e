/** Request targets: the four forms of RFC 9112 §3.2. */
import { AT_SIGN, COLON, HASH, QUESTION_MARK, SLASH } from '../text/octets.ts'
import { findOctet } from '../text/scan.ts'
import { textOf } from '../text/text.ts'

export class Target {
  /** As sent, without query and fragment; `/` when an absolute form has none; the authority of a CONNECT. */
  path = ''
  /** Host and port of the absolute form, user information left out; empty in the other forms. */
  authority = ''
  /** A query or a fragment ended the path. */
  hasQuery = false
  /** False when the request line was cut off inside the path. */
  whole = true

  reset(): void {
    this.path = ''
    this.authority = ''
    this.hasQuery = false
    this.whole = true
  }
}

/** Reads the target `chunk[begin, end)` of a request with this method into `target`, which was reset. */
export function readTarget(
  chunk: Uint8Array,
  begin: number,
  end: number,
  method: string,
  target: Target,
): void {
  let pathBegin = begin
  if (chunk[begin] !== SLASH && method !== 'CONNECT') {
    const authorityBegin = findAuthority(chunk, begin, end)
    if (authorityBegin > 0) {
      pathBegin = findPathBegin(chunk, authorityBegin, end)
      target.authority = readAuthority(chunk, authorityBegin, pathBegin)
    }
  }
  const pathEnd = findPathEnd(chunk, pathBegin, end)
  target.hasQuery = pathEnd < end
  target.path = pathEnd === pathBegin && pathBegin > begin ? '/' : textOf(chunk, pathBegin, pathEnd)
}

/** Index after `scheme://`, or 0 when the target is not in absolute form. */
function findAuthority(chunk: Uint8Array, begin: number, end: number): number {
  for (let i = begin; i + 2 < end; i++) {
    if (chunk[i] === COLON) return i > begin && chunk[i + 1] === SLASH && chunk[i + 2] === SLASH ? i + 3 : 0
    if (chunk[i] === SLASH || chunk[i] === QUESTION_MARK) return 0
  }
  return 0
}

function findPathBegin(chunk: Uint8Array, at: number, end: number): number {
  while (at < end && chunk[at] !== SLASH && chunk[at] !== QUESTION_MARK && chunk[at] !== HASH) at++
  return at
}

function findPathEnd(chunk: Uint8Array, at: number, end: number): number {
  const query = findOctet(chunk, at, end, QUESTION_MARK)
  const beforeQuery = query < 0 ? end : query
  const fragment = findOctet(chunk, at, beforeQuery, HASH)
  return fragment < 0 ? beforeQuery : fragment
}

/** User information may hold a password, so it goes no further. */
function readAuthority(chunk: Uint8Array, begin: number, end: number): string {
  for (let i = end - 1; i >= begin; i--) if (chunk[i] === AT_SIGN) return textOf(chunk, i + 1, end)
  return textOf(chunk, begin, end)
}
