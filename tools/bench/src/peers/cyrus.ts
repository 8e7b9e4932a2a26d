/**
 * Cyrus IMAP's CalDAV as Debian packages it (`apt-get install --no-install-recommends cyrus-caldav cyrus-imapd sasl2-bin libsasl2-modules`), tuned as far as its
 * config goes: processes that live long, no look-up of system groups, passwords in the clear. Needs root, which it gives up.
 */
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import type { Peer } from './started-server.ts';
import { StartedServer, freePort, startIn, temporaryFolder } from './started-server.ts';

const MASTER = '/usr/lib/cyrus/bin/master';
const PROGRAMS = '/usr/lib/cyrus/bin';
const PASSWORD = 'bench';
const AS_CYRUS = ['--reuid', 'cyrus', '--regid', 'mail', '--init-groups'];

export async function startCyrus(): Promise<Peer> {
  if (!existsSync(MASTER)) throw new Error('cyrus is not installed: apt-get install --no-install-recommends cyrus-caldav cyrus-imapd sasl2-bin libsasl2-modules');
  if (process.getuid?.() !== 0) throw new Error('cyrus can be started by root only');
  const folder = await temporaryFolder('cyrus');
  return startIn(folder, async (started) => {
    const [http, imap] = [await freePort(), await freePort()];
    await writeConfig(folder, http, imap);
    const server = started(new StartedServer('setpriv', [...AS_CYRUS, MASTER, '-C', join(folder, 'imapd.conf'), '-M', join(folder, 'cyrus.conf'), '-p', join(folder, 'master.pid'), '-D']));
    const home = new URL(`http://127.0.0.1:${String(http)}/dav/calendars/user/bench/`);
    await server.answers(home);
    await createMailbox(imap);
    return { name: 'cyrus', version: `Cyrus ${versionOf()}`, home, account: { user: 'bench', password: PASSWORD, scheme: 'basic' as const }, pids: [server.pid] };
  });
}

async function writeConfig(folder: string, http: number, imap: number): Promise<void> {
  for (const name of ['config', 'spool', 'run']) await mkdir(join(folder, name));
  await writeFile(join(folder, 'imapd.conf'), `configdirectory: ${folder}/config
partition-default: ${folder}/spool
proc_path: ${folder}/run/proc
mboxname_lockpath: ${folder}/run/lock
lmtpsocket: ${folder}/run/lmtp
idlesocket: ${folder}/run/idle
notifysocket: ${folder}/run/notify
httpmodules: caldav
hashimapspool: true
allowplaintext: yes
admins: cyrus
sasl_pwcheck_method: auxprop
sasl_auxprop_plugin: sasldb
sasl_sasldb_path: ${folder}/config/sasldb2
sasl_mech_list: PLAIN LOGIN DIGEST-MD5
servername: localhost
unix_group_enable: 0
`);
  await writeFile(join(folder, 'cyrus.conf'), `START {
  recover cmd="${PROGRAMS}/ctl_cyrusdb -C ${folder}/imapd.conf -r"
}
SERVICES {
  imap cmd="${PROGRAMS}/imapd -C ${folder}/imapd.conf -U 30" listen="127.0.0.1:${String(imap)}" prefork=0 maxchild=10
  http cmd="${PROGRAMS}/httpd -C ${folder}/imapd.conf -U 1000" listen="127.0.0.1:${String(http)}" prefork=8 maxchild=100
}
EVENTS {
  checkpoint cmd="${PROGRAMS}/ctl_cyrusdb -C ${folder}/imapd.conf -c" period=30
}
`);
  for (const user of ['cyrus', 'bench']) execFileSync('saslpasswd2', ['-p', '-c', '-f', join(folder, 'config', 'sasldb2'), '-u', 'localhost', user], { input: `${PASSWORD}\n` });
  execFileSync('chown', ['-R', 'cyrus:mail', folder]);
}

function versionOf(): string {
  return execFileSync('dpkg-query', ['-W', '-f', '${Version}', 'cyrus-imapd'], { encoding: 'utf8' });
}

/** What has no mailbox has no calendars; IMAP makes it. */
async function createMailbox(port: number): Promise<void> {
  const socket = connect({ host: '127.0.0.1', port }).setEncoding('utf8');
  socket.setTimeout(10_000, () => socket.destroy(new Error('cyrus says nothing over IMAP')));
  let said = '';
  socket.on('data', (text: string) => { said += text; });
  const until = (line: RegExp): Promise<void> => new Promise((resolve, reject) => {
    const look = (): void => {
      if (!line.test(said)) return;
      socket.off('data', look).off('error', reject);
      resolve();
    };
    socket.on('data', look).once('error', reject);
    look();
  });
  try {
    await until(/^\* OK/m);
    for (const [tag, command] of [['a', `LOGIN cyrus ${PASSWORD}`], ['b', 'CREATE user/bench'], ['c', 'LOGOUT']] as const) {
      socket.write(`${tag} ${command}\r\n`);
      await until(new RegExp(`^${tag} (?:OK|NO|BAD)`, 'm'));
    }
    if (!/^b OK/m.test(said)) throw new Error(`cyrus made no mailbox: ${said}`);
  } finally {
    socket.destroy();
  }
}
