import test from 'ava'
import {
  parseCgroups,
  serviceName,
  systemdService,
  systemdServiceOf,
  unifiedPath,
} from '../../../agent/workloads/cgroup.ts'

const paths: Record<string, [path: string, service: string | undefined]> = {
  'a system service': ['/system.slice/nginx.service', 'nginx.service'],
  'a process in a subgroup that the service made': ['/system.slice/nginx.service/worker', 'nginx.service'],
  'an instance of a template': [
    '/system.slice/system-postgresql.slice/postgresql@15-main.service',
    'postgresql@15-main.service',
  ],
  'a service in a slice of its own': ['/shop.slice/shop-web.slice/cart.service', 'cart.service'],
  'a service outside any slice': ['/cart.service', 'cart.service'],
  'a name that systemd had to escape': ['/system.slice/_cpu.service', 'cpu.service'],
  'a user service': [
    '/user.slice/user-1000.slice/user@1000.service/app.slice/syncthing.service',
    'syncthing.service',
  ],
  'an application scope of a user': [
    '/user.slice/user-1000.slice/user@1000.service/app.slice/app-firefox-42.scope',
    undefined,
  ],
  'the user manager itself': ['/user.slice/user-1000.slice/user@1000.service/init.scope', undefined],
  'a login session': ['/user.slice/user-1000.slice/session-3.scope', undefined],
  'the system manager': ['/init.scope', undefined],
  'a Docker container under systemd': [`/system.slice/docker-${'0f'.repeat(32)}.scope`, undefined],
  'a Docker container without systemd': [`/docker/${'0f'.repeat(32)}`, undefined],
  'a Kubernetes container under systemd': [
    `/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod12.slice/cri-containerd-${'0f'.repeat(32)}.scope`,
    undefined,
  ],
  'a Kubernetes container without systemd': [`/kubepods/burstable/pod12/${'0f'.repeat(32)}`, undefined],
  'a Podman container of a user': [
    `/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-${'0f'.repeat(32)}.scope/container`,
    undefined,
  ],
  'the root': ['/', undefined],
  'a path above the root of a cgroup namespace': ['/../../system.slice/nginx.service', undefined],
  'a slice alone': ['/system.slice', undefined],
  'a suffix without a name': ['/system.slice/.service', undefined],
}

for (const [sentence, [path, service]] of Object.entries(paths)) {
  test(`the systemd service of ${sentence}`, (t) => t.is(systemdService(path), service))
}

const texts: Record<string, [text: string, service: string | undefined, unified: string | undefined]> = {
  'v2 only': ['0::/system.slice/nginx.service\n', 'nginx.service', '/system.slice/nginx.service'],
  'hybrid, where systemd keeps both trees': [
    '4:memory:/system.slice/nginx.service\n1:name=systemd:/system.slice/nginx.service\n0::/system.slice/nginx.service\n',
    'nginx.service',
    '/system.slice/nginx.service',
  ],
  'hybrid, where v2 is unused': ['1:name=systemd:/system.slice/nginx.service\n0::/\n', 'nginx.service', '/'],
  'v1 only': ['5:cpu,cpuacct:/\n1:name=systemd:/system.slice/ssh.service\n', 'ssh.service', undefined],
  'no systemd at all': ['8:pids:/\n1:cpu:/batch/system.service\n0::/\n', undefined, '/'],
  'a container of v1': [
    `3:cpu,cpuacct:/docker/${'0f'.repeat(32)}\n1:name=systemd:/docker/${'0f'.repeat(32)}\n`,
    undefined,
    undefined,
  ],
  'a path with colons': ['0::/system.slice/a:b.service\n', 'a:b.service', '/system.slice/a:b.service'],
  'a zombie whose service is gone': [
    '0::/system.slice/job.service (deleted)\n',
    'job.service',
    '/system.slice/job.service',
  ],
  nothing: ['', undefined, undefined],
  'something else': ['not a cgroup line\n12\n::\n', undefined, undefined],
}

for (const [sentence, [text, service, unified]] of Object.entries(texts)) {
  test(`/proc/PID/cgroup with ${sentence}`, (t) => {
    const lines = parseCgroups(text)
    t.is(systemdServiceOf(lines), service)
    t.is(unifiedPath(lines), unified)
  })
}

const names: Record<string, [unit: string, name: string | undefined]> = {
  'loses its suffix': ['nginx.service', 'nginx'],
  'keeps its instance': ['postgresql@15-main.service', 'postgresql@15-main'],
  'keeps the escapes that systemctl shows': [
    'fsck@dev-disk-by\\x2duuid.service',
    'fsck@dev-disk-by\\x2duuid',
  ],
  'is useless when systemd-run made it up': ['run-u127.service', undefined],
  'is useless when a newer systemd-run made it up': ['run-p2710-i3010.service', undefined],
  'is useless when systemd-run made it up at random': ['run-r0f3a.service', undefined],
  'is kept when it only begins like that': ['run-backups.service', 'run-backups'],
  'loses the connection it serves': ['sshd@7-10.0.0.1:22-10.0.0.9:40022.service', 'sshd'],
}

for (const [sentence, [unit, name]] of Object.entries(names)) {
  test(`the name of a unit ${sentence}`, (t) => t.is(serviceName(unit), name))
}
