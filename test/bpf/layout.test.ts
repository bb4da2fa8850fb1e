/**
 * The records as the BPF compiler lays them out, against the offsets that the agent reads them by. The object that is
 * loaded tells only of the structs that its maps and functions name, so the others are compiled for the purpose.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import * as event from '../../agent/connections/gen/event.ts'
import { REPOSITORY } from '../e2e/harness/agent.ts'
import { run } from '../e2e/harness/owned.ts'
import { OBJECT, bpftool } from './helper.ts'

interface BtfType {
  id: number
  kind: string
  name: string
  size?: number
  type_id?: number
  nr_elems?: number
  members?: { name: string; type_id: number; bits_offset: number }[]
}

class Btf {
  readonly #types: ReadonlyMap<number, BtfType>

  constructor(types: readonly BtfType[]) {
    this.#types = new Map(types.map((type) => [type.id, type]))
  }

  static async load(file: string): Promise<Btf> {
    const { types } = (await bpftool('btf', 'dump', 'file', file)) as { types: BtfType[] }
    return new Btf(types)
  }

  struct(name: string): BtfType {
    const found = [...this.#types.values()].find((type) => type.kind === 'STRUCT' && type.name === name)
    if (!found) throw new Error(`no struct ${name} in the object`)
    return found
  }

  /** Bytes of a type, typedefs and arrays resolved. */
  sizeOf(id: number): number {
    const type = this.#types.get(id)
    if (type?.kind === 'ARRAY') return type.nr_elems! * this.sizeOf(type.type_id!)
    if (type?.size !== undefined) return type.size
    if (type?.kind === 'PTR') return 8
    if (type?.type_id === undefined) throw new Error(`BTF type ${id} has no size`)
    return this.sizeOf(type.type_id)
  }
}

/** `start_ns` to `startNs`. */
const camelCase = (name: string): string =>
  name.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase())

/** Offsets of the members by name, without the head and padding, which the generated layout leaves out. */
function offsets(btf: Btf, struct: string): Record<string, number> {
  const members = btf.struct(struct).members ?? []
  return Object.fromEntries(
    members
      .filter(({ name }) => name !== 'head' && name !== 'pad')
      .map(({ name, bits_offset }) => [camelCase(name), bits_offset / 8]),
  )
}

/** The generated offsets without the lengths of byte arrays. */
function generated(layout: Record<string, number>): Record<string, number> {
  return Object.fromEntries(
    Object.entries(layout).filter(([name]) => !(name.endsWith('Bytes') && `${name.slice(0, -5)}` in layout)),
  )
}

const STRUCTS: Record<string, [layout: Record<string, number>, bytes: number]> = {
  record: [event.RECORD, event.RECORD_BYTES],
  totals: [event.TOTALS, event.TOTALS_BYTES],
  record_open: [event.RECORD_OPEN, event.RECORD_OPEN_BYTES],
  record_data: [event.RECORD_DATA, event.RECORD_DATA_BYTES],
  record_close: [event.RECORD_CLOSE, event.RECORD_CLOSE_BYTES],
  record_progress: [event.RECORD_PROGRESS, event.RECORD_PROGRESS_BYTES],
  record_process: [event.RECORD_PROCESS, event.RECORD_PROCESS_BYTES],
}

/** BTF of an object with one variable of each struct of event.h. */
async function compiled(): Promise<Btf> {
  const directory = mkdtempSync(join(tmpdir(), 'bpf-layout-'))
  try {
    const [source, object] = [join(directory, 'layout.c'), join(directory, 'layout.o')]
    const variables = Object.keys(STRUCTS).map((name) => `struct ${name} a_${name};`)
    writeFileSync(source, ['#include <linux/types.h>', '#include "event.h"', ...variables].join('\n'))
    const includes = [
      '-I',
      join(REPOSITORY, 'bpf'),
      '-I',
      `/usr/include/${process.arch === 'x64' ? 'x86_64' : 'aarch64'}-linux-gnu`,
    ]
    const { code, stderr } = await run('clang', [
      '-g',
      '-target',
      'bpf',
      ...includes,
      '-c',
      source,
      '-o',
      object,
    ])
    if (code !== 0) throw new Error(stderr)
    return await Btf.load(object)
  } finally {
    rmSync(directory, { recursive: true })
  }
}

let all: Promise<Btf> | undefined

for (const [name, [layout, bytes]] of Object.entries(STRUCTS)) {
  test(`struct ${name} is where the agent reads it`, async (t) => {
    const btf = await (all ??= compiled())
    t.deepEqual(offsets(btf, name), generated(layout))
    t.is(btf.struct(name).size, bytes)
    expectNoHoles(t, btf, name)
  })
}

for (const name of ['record', 'totals', 'record_open', 'record_data'] as const) {
  test(`struct ${name} is the same in the object that is loaded`, async (t) => {
    const btf = await Btf.load(OBJECT)
    t.deepEqual(offsets(btf, name), generated(STRUCTS[name]![0]))
    t.is(btf.struct(name).size, STRUCTS[name]![1])
  })
}

for (const name of ['connection', 'walk', 'thread']) {
  test(`struct ${name}, which lives in a map, has no hole`, async (t) => {
    expectNoHoles(t, await Btf.load(OBJECT), name)
  })
}

test('a connection holds the totals of both directions behind its id', async (t) => {
  const btf = await Btf.load(OBJECT)
  const { members = [] } = btf.struct('connection')
  t.is(members.find(({ name }) => name === 'id')?.bits_offset, 0)
  const totals = members.find(({ name }) => name === 'totals')
  t.is(btf.sizeOf(totals?.type_id ?? 0), 2 * event.TOTALS_BYTES)
})

/** What the compiler leaves between members is not zeroed by everyone. */
function expectNoHoles(t: ExecutionContext, btf: Btf, name: string): void {
  const { members = [], size = 0 } = btf.struct(name)
  let end = 0
  for (const member of members) {
    t.is(member.bits_offset / 8, end, `${name}.${member.name}`)
    end += btf.sizeOf(member.type_id)
  }
  t.is(end, size)
}
