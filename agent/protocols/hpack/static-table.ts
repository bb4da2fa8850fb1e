/** The static table (RFC 7541 appendix A): its names, and of the names an access log needs the values. */
import { type FieldName, nameOfText } from './names.ts'

/** From index 1 on; `name value`. */
const ENTRIES = [
  ':authority',
  ':method GET',
  ':method POST',
  ':path /',
  ':path /index.html',
  ':scheme http',
  ':scheme https',
  ':status 200',
  ':status 204',
  ':status 206',
  ':status 304',
  ':status 400',
  ':status 404',
  ':status 500',
  'accept-charset',
  'accept-encoding gzip, deflate',
  'accept-language',
  'accept-ranges',
  'accept',
  'access-control-allow-origin',
  'age',
  'allow',
  'authorization',
  'cache-control',
  'content-disposition',
  'content-encoding',
  'content-language',
  'content-length',
  'content-location',
  'content-range',
  'content-type',
  'cookie',
  'date',
  'etag',
  'expect',
  'expires',
  'from',
  'host',
  'if-match',
  'if-modified-since',
  'if-none-match',
  'if-range',
  'if-unmodified-since',
  'last-modified',
  'link',
  'location',
  'max-forwards',
  'proxy-authenticate',
  'proxy-authorization',
  'range',
  'referer',
  'refresh',
  'retry-after',
  'server',
  'set-cookie',
  'strict-transport-security',
  'transfer-encoding',
  'user-agent',
  'vary',
  'via',
  'www-authenticate',
]

/** Entries of the table; the dynamic table begins behind it. */
export const STATIC_LENGTH = ENTRIES.length

/** By index; at 0 is nothing. */
export const STATIC_NAMES: readonly FieldName[] = [0, ...ENTRIES.map((entry) => nameOfText(split(entry)[0]))]
export const STATIC_VALUES: readonly string[] = ['', ...ENTRIES.map((entry) => split(entry)[1])]

function split(entry: string): [name: string, value: string] {
  const space = entry.indexOf(' ')
  return space < 0 ? [entry, ''] : [entry.slice(0, space), entry.slice(space + 1)]
}
