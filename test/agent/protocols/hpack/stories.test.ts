/** Blocks that other implementations made; see test/fixtures/hpack. */
import { readFileSync } from 'node:fs'
import test from 'ava'
import { HpackDecoder } from '../../../../agent/protocols/hpack/decoder.ts'
import { decode, type Fields, hex, neededOf } from './fields.ts'

interface Story {
  name: string
  cases: { wire: string; headers: Fields }[]
}

for (const file of ['nghttp2.json', 'python-hpack.json']) {
  const url = new URL(`../../../fixtures/hpack/${file}`, import.meta.url)
  for (const { name, cases } of JSON.parse(readFileSync(url, 'utf8')) as Story[]) {
    test(`${file}: ${name}`, (t) => {
      const decoder = new HpackDecoder()
      for (const { wire, headers } of cases) t.deepEqual(decode(decoder, hex(wire)), neededOf(headers))
      t.true(cases.length >= 30)
    })

    test(`${file}: ${name}, from the middle on: never another value, and all that is inserted since`, (t) => {
      const decoder = new HpackDecoder()
      let known = 0
      for (const { wire, headers } of cases.slice(10)) {
        const decoded = decode(decoder, hex(wire)).filter(([field]) => field !== '?')
        const needed = neededOf(headers).map(String)
        for (const field of decoded) t.true(needed.includes(String(field)), String(field))
        known += decoded.length
      }
      t.true(known > 10)
    })
  }
}
