import { chmodSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'ava'
import { parseStat, procRoot, ProcessReader, READ_MAX_BYTES } from '../../../agent/workloads/processes.ts'
import { endProcess, putProcess, temporaryFolder } from './tree.ts'

test('a process is read with all its facts', (t) => {
  const root = temporaryFolder(t)
  const cgroups = '0::/system.slice/nginx.service\n'
  putProcess(root, 42, {
    parent: 7,
    args: ['nginx:', '-g', 'daemon off;'],
    executable: '/usr/sbin/nginx',
    startTicks: 99,
    cgroups,
  })
  t.deepEqual(new ProcessReader(root).read(42), {
    pid: 42,
    parent: 7,
    name: 'nginx',
    executable: 'nginx',
    commandLine: 'nginx: -g daemon off;',
    startTicks: 99,
    cgroups,
  })
})

test('the table has every process but kernel threads, ascending', (t) => {
  const root = temporaryFolder(t)
  for (const pid of [100, 9, 20]) putProcess(root, pid, {})
  putProcess(root, 2, { comm: 'kthreadd', kernelThread: true })
  writeFileSync(join(root, 'uptime'), '1 2\n')
  t.deepEqual(
    new ProcessReader(root).scan().map((facts) => facts.pid),
    [9, 20, 100],
  )
})

test('a process that is gone is nobody, and no error', (t) => {
  const root = temporaryFolder(t)
  putProcess(root, 42, {})
  endProcess(root, 42)
  const reader = new ProcessReader(root)
  t.is(reader.read(42), undefined)
  t.is(reader.commandLine(42), '')
  t.is(reader.cgroups(42), '')
  t.is(reader.name(42), '')
  t.false(reader.exists(42))
  t.is(reader.unreadable, 0)
})

test('what exists and cannot be read is counted', (t) => {
  const root = temporaryFolder(t)
  writeFileSync(join(root, '42'), 'a file where a folder belongs')
  const reader = new ProcessReader(root)
  t.is(reader.read(42), undefined)
  t.is(reader.unreadable, 1)
})

test('a name that says nothing gives way to the executable', (t) => {
  const root = temporaryFolder(t)
  putProcess(root, 1, { comm: 'MainThread', executable: '/usr/bin/node' })
  putProcess(root, 2, { comm: 'MainThread' })
  putProcess(root, 3, { comm: 'MainThread', executable: '/usr/bin/node (deleted)' })
  const reader = new ProcessReader(root)
  for (const [pid, name] of [
    [1, 'node'],
    [2, 'MainThread'],
    [3, 'node'],
  ] as const) {
    t.is(reader.name(pid), name)
    t.is(reader.read(pid)?.name, name)
  }
})

test('a very long command line is cut', (t) => {
  const root = temporaryFolder(t)
  putProcess(root, 42, { args: ['java', 'x'.repeat(2 * READ_MAX_BYTES)] })
  t.is(new ProcessReader(root).commandLine(42).length, READ_MAX_BYTES)
})

const stats: Record<string, [text: string, comm: string | undefined]> = {
  'a name with blanks': [`1 (tmux: server) S 0 ${'0 '.repeat(40)}`, 'tmux: server'],
  'a name with parentheses': [`1 ((sd-pam)) S 0 ${'0 '.repeat(40)}`, '(sd-pam)'],
  'a name that imitates the rest': [`1 (a) S 5) S 0 ${'0 '.repeat(40)}`, 'a) S 5'],
  'an empty file': ['', undefined],
  'a file that ends early': ['1 (nginx) S', undefined],
}

for (const [sentence, [text, comm]] of Object.entries(stats)) {
  test(`/proc/PID/stat: ${sentence}`, (t) => t.is(parseStat(text)?.comm, comm))
}

test('the root of the host can be mapped', (t) => {
  t.is(procRoot({}), '/proc')
  t.is(procRoot({ ROVER_HOST_PROC_MAPPING: '/host/proc' }), '/host/proc')
})

test('the real /proc knows this process', (t) => {
  const facts = new ProcessReader().read(process.pid)
  t.is(facts?.parent, process.ppid)
  t.is(facts?.name, 'node')
  t.is(facts?.executable, 'node')
  t.true(facts?.commandLine.includes('ava'))
  t.true((facts?.startTicks ?? 0) > 0)
  t.true(new ProcessReader().scan().some(({ pid }) => pid === process.pid))
})

test('a root that is not there is an error at once', (t) => {
  const root = temporaryFolder(t)
  chmodSync(root, 0o700)
  t.throws(() => new ProcessReader(join(root, 'none')).pids(), { code: 'ENOENT' })
})
