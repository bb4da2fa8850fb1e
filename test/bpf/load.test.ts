import { release } from 'node:os'
import test from 'ava'
import { captureReport } from '../../agent/capture.ts'
import { check } from './helper.ts'

test.serial('every program can be loaded and attached on this kernel', async (t) => {
  const { code, check: result } = await check()
  t.deepEqual(
    result.programs.filter(({ status }) => status !== 'attached'),
    [],
  )
  t.is(code, 0)
  t.like(result, { usable: true, btf: true, kernel: release() })
})

test.serial('the programs are those that the capture report speaks of', async (t) => {
  const { check: result } = await check()
  t.like(captureReport(result.programs), {
    traffic: 'Active',
    processes: 'Active',
    existingSockets: 'Active',
  })
  const others = result.programs.filter((program) => !program.essential)
  const { traffic } = captureReport(others)
  const missing = [...traffic.matchAll(/(\w+): not in the helper/g)].map(([, name]) => name)
  const essential = result.programs.filter((program) => program.essential)
  t.is(missing.length, essential.length)
  t.true(essential.every(({ name }) => missing.includes(name)))
})

test.serial('no program needs a kprobe, fentry or tracefs', async (t) => {
  const { check: result } = await check()
  for (const { name, hook } of result.programs) t.regex(hook, /^(tp_btf\/|iter\/|uprobe$)/, name)
})
