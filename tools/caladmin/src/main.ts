/** `caladmin`: arguments to commands, errors to sentences and exit codes. What commands do is in their own files. */
import { DirectoryUnavailable } from '@kalends/contracts';
import { KernelError, reasonOf } from '@kalends/kernel';
import { usualConfig } from '@kalends/server';
import { Command, CommanderError } from 'commander';
import { addAppPassword, listAppPasswords, revokeAppPassword } from './app-passwords-commands.ts';
import type { NewPassword } from './app-passwords-commands.ts';
import { clearAugment, listAugments, setAugment } from './augments-commands.ts';
import type { AugmentOptions } from './augments-commands.ts';
import { audited } from './audited.ts';
import type { Audited } from './audited.ts';
import { noteOfOwner } from './become-owner.ts';
import { checkConfig, convertConfig, listPlugins, showEffectiveConfig } from './config-commands.ts';
import { CONFIG, DEFECT, OK, UNAVAILABLE, USAGE } from './exit-codes.ts';
import { exportDelegates, importDelegates, listDelegates, removeDelegates, setDelegates } from './delegates-commands.ts';
import { exportCalendar } from './export-command.ts';
import { NotFound } from './find-calendar.ts';
import { askHealth } from './health-command.ts';
import { importFiles } from './import-command.ts';
import { openDeployment } from './open-deployment.ts';
import type { OpenDeployment } from './open-deployment.ts';
import { openPeople } from './open-people.ts';
import { terminalOutput } from './output.ts';
import type { Output } from './output.ts';
import { addPrincipals } from './principals-program.ts';

interface Common { readonly config: string | undefined; readonly data: string | undefined; readonly json: boolean }

export async function main(args: readonly string[]): Promise<number> {
  let code: number = OK;
  // Whoever reads has seen enough (`| head`).
  for (const stream of [process.stdout, process.stderr]) stream.on('error', (error: NodeJS.ErrnoException) => { if (error.code !== 'EPIPE') throw error; });
  const program = build((result) => { code = result; });
  try {
    await program.parseAsync([...args], { from: 'user' });
    return code;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? OK : USAGE;
    process.stderr.write(`${sentenceOf(error)}\n`);
    if (error instanceof NotFound) return USAGE;
    if (error instanceof DirectoryUnavailable || isOfTheSystem(error)) return UNAVAILABLE;
    if (error instanceof KernelError) return error.code === 'KRN_START' ? UNAVAILABLE : CONFIG;
    if (error instanceof Error && error.stack !== undefined) process.stderr.write(`${error.stack}\n`);
    return DEFECT;
  }
}

function sentenceOf(error: unknown): string {
  // Problems of a config begin with a line of their own.
  if (error instanceof KernelError && error.problems.length > 0) return error.message;
  const cause = error instanceof DirectoryUnavailable && error.cause !== undefined ? `: ${reasonOf(error.cause)}` : '';
  return `caladmin: ${reasonOf(error)}${cause}${isOfTheSystem(error) ? noteOfOwner() : ''}`;
}

/** A file that may not be read or written, a disk that is full: nothing that a stack would explain. */
function isOfTheSystem(error: unknown): boolean {
  return error instanceof Error && 'syscall' in error && 'code' in error;
}

function build(end: (code: number) => void): Command {
  const program = new Command('caladmin').description('Administers a Kalends server.').exitOverride()
    .option('-f, --config <file>', 'the deployment\'s config; default as for caldavd')
    .option('--data <folder>', 'the data root, instead of the config\'s')
    .option('--json', 'answer as JSON', false);
  const common = (): Common => program.opts<Common>();
  const file = (given: string | undefined): string => given ?? common().config ?? usualConfig(process.env);
  const output = (): Output => terminalOutput(common().json);

  const config = program.command('config').description('What the config says, and whether it can work.').exitOverride();
  config.command('check [file]').description('every problem at once, with file, line and remedy').action(async (given?: string) => { end(await checkConfig(file(given), output())); });
  config.command('show [file]').description('each value and where it comes from; secrets hidden').action(async (given?: string) => { end(await showEffectiveConfig(file(given), output())); });
  config.command('convert <file>').description('a classic property list as YAML').action((given: string) => { end(convertConfig(given, output())); });
  program.command('plugins [file]').description('what is configured, what it provides, what could not be loaded').action(async (given?: string) => { end(await listPlugins(file(given), output())); });
  program.command('health').description('ask a running server how it is').option('--url <url>', 'its address, if not the config\'s')
    .action(async ({ url }: { readonly url?: string }) => { end(await askHealth(file(undefined), url, output())); });

  program.command('import <files...>').description('calendar files, or folders of them, into a calendar')
    .requiredOption('--user <who>', 'account, record name or id of the owner').requiredOption('--calendar <name>', 'its name in the URL, or its title; made if missing')
    .option('--replace', 'let the file win over an object of the same UID', false).option('-v, --verbose', 'report on every object, not only on refused ones', false)
    .action(async (files: string[], options: { readonly user: string; readonly calendar: string; readonly replace: boolean; readonly verbose: boolean }) => {
      await using deployment = await openDeployment(file(undefined), common().data);
      const { user, calendar, replace } = options;
      end(await audited(deployment, { command: 'import', user, given: { calendar, replace, files } }, () => importFiles(deployment, files, options, output())));
    });
  program.command('export').description('a calendar\'s objects as files, octet for octet')
    .requiredOption('--user <who>', 'account, record name or id of the owner').requiredOption('--calendar <name>', 'its name in the URL, or its title')
    .requiredOption('--to <folder>', 'where to; made if missing').option('--overwrite', 'write into a folder that is not empty', false)
    .action(async (options: { readonly user: string; readonly calendar: string; readonly to: string; readonly overwrite: boolean }) => {
      await using deployment = await openDeployment(file(undefined), common().data);
      const { user, calendar, to } = options;
      end(await audited(deployment, { command: 'export', user, given: { calendar, to } }, () => exportCalendar(deployment, options, output())));
    });
  addDelegates(program, async (command) => {
    await using deployment = await openDeployment(file(undefined), common().data);
    end(await command(deployment, output()));
  });
  addAugments(program, async (command) => {
    await using deployment = await openDeployment(file(undefined), common().data);
    end(await command(deployment, output()));
  });
  addPrincipals(program, async (command) => {
    await using people = await openPeople(file(undefined), common().data);
    try {
      end(await command(people, output()));
    } finally {
      // Two entries of one name, a schema that does not fit: why somebody is not found.
      for (const sentence of people.said()) output().complain(`caladmin: ${sentence}`);
    }
  }, () => ({ config: file(undefined), data: common().data, output: output(), end }));
  addAppPasswords(program, async (command) => {
    const config = file(undefined);
    await using deployment = await openDeployment(config, common().data);
    end(await command(config, deployment, output()));
  });
  return program;
}

function addAppPasswords(program: Command, run: (command: (file: string, deployment: OpenDeployment, output: Output) => Promise<number>) => Promise<void>): void {
  const passwords = program.command('app-passwords').description('Passwords for one device or program.').exitOverride();
  const user = ['--user <who>', 'account, record name or id of the person'] as const;
  passwords.command('add <name>').description('makes one and shows it, once').requiredOption(...user)
    .option('--read-only', 'it changes nothing', false).option('--calendar <name...>', 'it opens these alone', []).option('--days <count>', 'it ends after so many days')
    .action((name: string, options: Omit<NewPassword, 'name'>) => run((file, deployment, output) => {
      const { user, ...given } = options;
      return audited(deployment, { command: 'app-passwords add', user, given: { name, ...given } }, () => addAppPassword(file, deployment, { ...options, name }, output));
    }));
  passwords.command('list').description('what there is, what it opens, when it was last used').requiredOption(...user)
    .action((options: { readonly user: string }) => run((file, deployment, output) => listAppPasswords(file, deployment, options, output)));
  passwords.command('revoke <name>').description('it opens nothing any more, from the next request on').requiredOption(...user)
    .action((name: string, { user }: { readonly user: string }) => run((file, deployment, output) => (
      audited(deployment, { command: 'app-passwords revoke', user, given: { name } }, () => revokeAppPassword(file, deployment, { user, name }, output)))));
}

function auditOf(command: string, { user, ...given }: AugmentOptions): Audited {
  return { command, ...(user === undefined ? {} : { user }), given: { ...given } };
}

function addAugments(program: Command, run: (command: (deployment: OpenDeployment, output: Output) => Promise<number>) => Promise<void>): void {
  const augments = program.command('augments').description('What this server knows of people, groups and rooms that the directory cannot hold.').exitOverride();
  const who = ['--user <who>', 'account, record name or id'] as const;
  const kind = ['--all <kind>', 'users, groups, locations or resources: all of them that have nothing of their own'] as const;
  augments.command('list').description('all that was set')
    .action(() => run((deployment, output) => listAugments(deployment, output)));
  augments.command('set').description('lay something over the record; what is not named stays').option(...who).option(...kind)
    .option('--enabled <yes|no>', 'for calendars').option('--locked <yes|no>', 'kept out though enabled').option('--server <host>', 'has the calendars: a host, host:port or https:// origin; this server\'s own means here')
    .option('--mode <mode>', 'how invitations are answered: none, accept-always, decline-always, accept-if-free, decline-if-busy, automatic')
    .option('--accept-group <group>', 'whose members are always accepted').option('--capacity <count>', 'of a room').option('--quota <size>', 'as 5GiB, or a number of octets')
    .action((options: AugmentOptions) => run((deployment, output) => audited(deployment, auditOf('augments set', options), () => setAugment(deployment, options, output))));
  augments.command('clear').description('the directory alone counts again').option(...who).option(...kind)
    .action((options: AugmentOptions) => run((deployment, output) => audited(deployment, auditOf('augments clear', options), () => clearAugment(deployment, options, output))));
}

function addDelegates(program: Command, run: (command: (deployment: OpenDeployment, output: Output) => Promise<number>) => Promise<void>): void {
  const delegates = program.command('delegates').description('Who may read, or read and write, what is another\'s.').exitOverride();
  const user = ['--user <who>', 'account, record name or id of the owner: a person, room or resource'] as const;
  delegates.command('list').description('who may do what for whom, and whether that was set here or comes from the directory').option(...user)
    .action((options: { readonly user?: string }) => run((deployment, output) => listDelegates(deployment, options, output)));
  delegates.command('set').description('let people or groups act for the owner; those not named stay').requiredOption(...user)
    .option('--write <who...>', 'read, write, and invite in the owner\'s name', []).option('--read <who...>', 'read only', [])
    .action((options: { readonly user: string; readonly write: readonly string[]; readonly read: readonly string[] }) => run((deployment, output) => {
      const { user, ...given } = options;
      return audited(deployment, { command: 'delegates set', user, given }, () => setDelegates(deployment, options, output));
    }));
  delegates.command('remove <who...>').description('let them act no longer').requiredOption(...user)
    .action((who: readonly string[], { user }: { readonly user: string }) => run((deployment, output) => (
      audited(deployment, { command: 'delegates remove', user, given: { who } }, () => removeDelegates(deployment, { user, who }, output)))));
  delegates.command('export').description('all that was set, as JSON: a backup that people can read').option('--to <file>', 'default: standard output')
    .action((options: { readonly to?: string }) => run((deployment, output) => exportDelegates(deployment, options, output)));
  delegates.command('import <file>').description('what `export` wrote; added to what is there').option('--replace', 'remove what is not in the file', false)
    .action((from: string, options: { readonly replace: boolean }) => run((deployment, output) => (
      audited(deployment, { command: 'delegates import', given: { file: from, ...options } }, () => importDelegates(deployment, from, options, output)))));
}
