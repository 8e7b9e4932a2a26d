/**
 * `npm test`: installs, builds, brings the real programs that tests talk to (Debian packages, where that is allowed), runs everything. Arguments go to vitest.
 */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { pinnedNode, prepare, root, run } from './prepare.mjs';

/** What each program's package is called; a test that misses its program says so loudly, and fails under CI. */
const PROGRAMS = {
  litmus: 'litmus', vdirsyncer: 'vdirsyncer', cadaver: 'cadaver', khal: 'khal', curl: 'curl', 'systemd-notify': 'systemd', thunderbird: 'thunderbird',
  '/usr/libexec/evolution-source-registry': 'evolution-data-server', 'dbus-run-session': 'dbus', 'gnome-keyring-daemon': 'gnome-keyring',
  '/usr/sbin/slapd': 'slapd', ldapmodify: 'ldap-utils', openssl: 'openssl', '/usr/sbin/samba': 'samba-ad-dc samba-ad-provision', 'samba-tool': 'samba',
  '/usr/sbin/ns-slapd': '389-ds-base', certutil: 'libnss3-tools', '/usr/sbin/nisserver-plugin-defs': 'slapi-nis',
  haproxy: 'haproxy', krb5kdc: 'krb5-kdc', 'kadmin.local': 'krb5-admin-server', kinit: 'krb5-user', 'fail2ban-server': 'fail2ban', 'krb5-config.mit': 'libkrb5-dev',
};
const PYTHON_MODULES = { caldav: 'python3-caldav', dateutil: 'python3-dateutil', gi: 'python3-gi', 'samba.samdb': 'python3-samba', 'gi; gi.require_version("ECal", "2.0")': 'gir1.2-ecal-2.0' };

// First: what has no binary to download is compiled against their headers.
programs();
await prepare();
// An install from before the headers came left this optional one out.
if (!existsSync(join(root, 'node_modules', 'kerberos')) && found('sh', ['-c', 'command -v krb5-config.mit'])) {
  await run('npm', ['install', '--no-save', '--no-audit', '--no-fund', '--loglevel=error'], 'the package "kerberos" could not be installed; the lines above say why');
}
await run(pinnedNode, [join(root, 'node_modules', '@typescript', 'native', 'bin', 'tsc'), '-p', 'tsconfig.tests.json'], 'the tests do not compile; the lines above say where');
await run(pinnedNode, [join(root, 'node_modules', 'vitest', 'vitest.mjs'), 'run', '--reporter=default', '--reporter=json', '--outputFile.json=test-results/vitest.json', ...process.argv.slice(2)],
  'tests failed; the lines above say which');

function programs() {
  const missing = [
    ...Object.entries(PROGRAMS).filter(([program]) => !found('sh', ['-c', `PATH=$PATH:/usr/sbin:/sbin command -v ${program}`])).map(([, debian]) => debian),
    ...Object.entries(PYTHON_MODULES).filter(([module]) => !found('/usr/bin/python3', ['-c', `import ${module}`])).map(([, debian]) => debian),
  ].flatMap((packages) => packages.split(' '));
  if (missing.length === 0) return;
  const become = process.getuid?.() === 0 ? [] : found('sudo', ['-n', 'true']) ? ['sudo', '-n'] : undefined;
  if (!existsSync('/usr/bin/apt-get') || become === undefined || process.env.KALENDS_APT === 'no') {
    console.warn(`kalends: not installed, and not allowed to install: ${missing.join(', ')}. Tests with real clients that need them will say that they were skipped.`);
    return;
  }
  console.log(`kalends: installing the real clients that tests use: ${missing.join(', ')}`);
  const apt = (...args) => {
    const [command, ...rest] = [...become, 'apt-get', '-q', '-y', '-o', 'DPkg::Lock::Timeout=120', ...args];
    return spawnSync(command, rest, { stdio: ['ignore', 'ignore', 'inherit'], env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' } }).status === 0;
  };
  if (!apt('update') || !apt('install', '--no-install-recommends', ...missing)) {
    console.warn('kalends: they could not all be installed; tests that need the missing ones will say so.');
  }
}

function found(command, args) {
  return spawnSync(command, args, { stdio: 'ignore' }).status === 0;
}
