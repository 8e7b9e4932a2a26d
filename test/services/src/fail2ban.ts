/**
 * The real fail2ban (Debian: fail2ban), with config, socket and database in a folder of its own and an action that only writes down whom it would ban: no firewall
 * is touched, and nothing of the machine's own fail2ban is read.
 */
import { cp, mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Daemon, run } from './daemon.ts';

export interface Fail2banOptions {
  /** A filter file. */ readonly filter: string;
  readonly logFile: string;
  /** As a jail's. */ readonly maxRetry: number;
}
export interface Fail2ban extends AsyncDisposable {
  /** Whom it banned, in that order. */ banned(): Promise<readonly string[]>;
  /** How many lines it counted, of those banned or not. */ failures(): Promise<number>;
}

const UP_MILLISECONDS = 30_000;

/** Whom it would count, line by line, by `fail2ban-regex`. @param locale as its service may have it */
export async function countedByFail2ban(filter: string, log: string, locale = 'C.UTF-8'): Promise<readonly string[]> {
  const folder = await mkdtemp(join(tmpdir(), 'kalends-fail2ban-'));
  try {
    const file = join(folder, 'error.log');
    await writeFile(file, log);
    const printed = await run('/usr/bin/env', [`LC_ALL=${locale}`, 'fail2ban-regex', '--usedns', 'no', '-o', 'ip', file, filter]);
    return printed.split('\n').filter((line) => line !== '');
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** What fail2ban says of a jail and its filter, beside Debian's own config; empty: it takes them. @param folder with `filter.d` and `jail.d` */
export async function problemsOfJail(folder: string): Promise<string> {
  const config = await mkdtemp(join(tmpdir(), 'kalends-fail2ban-'));
  try {
    await cp('/etc/fail2ban', config, { recursive: true });
    // Debian's watches a log that not every machine has.
    await rm(join(config, 'jail.d'), { recursive: true });
    await cp(folder, config, { recursive: true });
    const log = join(config, 'error.log');
    await writeFile(log, '');
    for (const name of await readdir(join(config, 'jail.d'))) {
      const jail = join(config, 'jail.d', name);
      await writeFile(jail, (await readFile(jail, 'utf8')).replace(/^logpath *=.*$/m, `logpath = ${log}`));
    }
    return await run('fail2ban-client', ['-c', config, '-t']).then((said) => said.includes('configuration test is successful') ? '' : said, String);
  } finally {
    await rm(config, { recursive: true, force: true });
  }
}

export async function startFail2ban({ filter, logFile, maxRetry }: Fail2banOptions): Promise<Fail2ban> {
  const folder = await mkdtemp(join(tmpdir(), 'kalends-fail2ban-'));
  const [socket, banned, config] = [join(folder, 'socket'), join(folder, 'banned'), join(folder, 'config')];
  const client = (...args: readonly string[]): Promise<string> => run('fail2ban-client', ['-c', config, '-s', socket, ...args]);
  let daemon: Daemon | undefined;
  const dispose = async (): Promise<void> => {
    await daemon?.stop();
    await rm(folder, { recursive: true, force: true });
  };
  try {
    await configure(config, { filter, logFile, maxRetry, socket, banned, folder });
    daemon = await Daemon.start('fail2ban-server', ['-c', config, '-s', socket, '-p', join(folder, 'pid'), '-f', 'start'], { log: join(folder, 'out'), ports: [] });
    await until(async () => (await client('status', 'kalends')).includes('Currently banned'), async () => `${await textOf(join(folder, 'out'))}\n${await textOf(join(folder, 'log'))}`);
    return {
      banned: async () => (await textOf(banned)).split('\n').filter((line) => line !== ''),
      failures: async () => Number(/Total failed:\s*(\d+)/.exec(await client('status', 'kalends'))?.[1] ?? 'NaN'),
      [Symbol.asyncDispose]: dispose,
    };
  } catch (error) {
    await dispose();
    throw error;
  }
}

async function configure(config: string, { filter, logFile, maxRetry, socket, banned, folder }: Fail2banOptions & { readonly socket: string; readonly banned: string; readonly folder: string }): Promise<void> {
  for (const part of ['filter.d', 'action.d']) await mkdir(join(config, part), { recursive: true });
  await cp(filter, join(config, 'filter.d', basename(filter)));
  await writeFile(join(config, 'fail2ban.conf'), [
    '[Definition]', 'loglevel = INFO', `logtarget = ${join(folder, 'log')}`, 'syslogsocket = auto', `socket = ${socket}`, `pidfile = ${join(folder, 'pid')}`,
    `dbfile = ${join(folder, 'bans.sqlite3')}`, 'dbpurgeage = 1d', 'dbmaxmatches = 10', '[Thread]', 'stacksize = 0', '',
  ].join('\n'));
  await writeFile(join(config, 'action.d', 'write-down.conf'), ['[Definition]', `actionban = echo <ip> >> ${banned}`, 'actionunban =', ''].join('\n'));
  await writeFile(join(config, 'jail.conf'), [
    '[kalends]', 'enabled = true', `filter = ${basename(filter, '.conf')}`, 'backend = polling', `logpath = ${logFile}`, 'usedns = no', 'ignoreself = false', 'ignoreip =',
    `maxretry = ${String(maxRetry)}`, 'findtime = 600', 'bantime = 600', 'action = write-down', '',
  ].join('\n'));
}

async function until(check: () => Promise<boolean>, trouble: () => Promise<string>): Promise<void> {
  for (const end = Date.now() + UP_MILLISECONDS; Date.now() < end; await delay(50)) if (await check().catch(() => false)) return;
  throw new Error(`fail2ban did not come up: ${await trouble()}`);
}

const textOf = (file: string): Promise<string> => readFile(file, 'utf8').catch(() => '');
