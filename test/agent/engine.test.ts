import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import test from 'ava'

/** What a process of its own writes: flags are for all of a process, and unknown ones show on stderr only. */
async function run(script: string): Promise<{ stdout: string; stderr: string }> {
  const engine = JSON.stringify(new URL('../../agent/engine.ts', import.meta.url))
  const args = [
    '--input-type=module',
    '-e',
    `import { tuneEngine, collectGarbage } from ${engine}\n${script}`,
  ]
  return promisify(execFile)(process.execPath, args)
}

test('this version of Node knows every flag', async (t) => {
  t.deepEqual(await run('tuneEngine()'), { stdout: '', stderr: '' })
})

test('memory that nothing refers to is given back', async (t) => {
  const { stdout } = await run(`
    tuneEngine()
    let kept = Array.from({ length: 500_000 }, (_, i) => ({ i }))
    kept = undefined
    const { heapTotal } = process.memoryUsage()
    collectGarbage()
    console.log(heapTotal - process.memoryUsage().heapTotal)`)
  t.true(Number(stdout) > 8 * 1024 * 1024, `${stdout.trim()} bytes were given back`)
})
