/** The arguments of `principals`. What the commands do is in principals-commands.ts and check-password-command.ts. */
import type { Command } from 'commander';
import { audited } from './audited.ts';
import { accountOf, checkPassword } from './check-password-command.ts';
import { OK, PARTLY, USAGE } from './exit-codes.ts';
import type { OpenPeople } from './open-people.ts';
import type { Output } from './output.ts';
import { listMembers, listPrincipals, searchPrincipals, showPrincipal } from './principals-commands.ts';
import type { Paging } from './principals-commands.ts';
import { askPassword, readPassword } from './read-password.ts';
import { passwordFileOf, setFilePassword } from './set-password-command.ts';

type Run = (command: (people: OpenPeople, output: Output) => Promise<number>) => Promise<void>;

const ATTEMPT = 'It is a log-in for the directory: a wrong password counts towards its own lock-out. It does not count towards this server\'s, and it is in the audit log.';

/** `where`: config and data root, for what needs no deployment. */
export function addPrincipals(program: Command, run: Run, where: () => { readonly config: string; readonly data: string | undefined; readonly output: Output; end(code: number): void }): void {
  const principals = program.command('principals').description('What the server makes of the directory; needs no running server.').exitOverride();
  const limit = ['--limit <count>', 'so many at most; default: 100'] as const;
  principals.command('show <who>').description('one record, where it comes from, and whether this person may log in, gate by gate')
    .addHelpText('after', '\nwho: an account, users/<name>, groups/<name>, locations/<name>, resources/<name>, an id, or mailto:<address>')
    .action((who: string) => run((people, output) => showPrincipal(people, who, output)));
  principals.command('list <kind>').description('users, groups, locations or resources, by name').option('--after <name>', 'those after this one').option(...limit)
    .action((kind: string, options: Paging) => run((people, output) => listPrincipals(people, kind, options, output)));
  principals.command('search <text>').description('whose names or addresses contain the text').option('--kind <kind>', 'users, groups, locations or resources only').option(...limit)
    .action((text: string, options: Paging & { readonly kind?: string }) => run((people, output) => searchPrincipals(people, text, options, output)));
  principals.command('members <group>').description('who is in a group').option('--expanded', 'those of the groups in it, too', false).option('--after <id>', 'those after this one').option(...limit)
    .action((group: string, options: Paging & { readonly expanded: boolean }) => run((people, output) => listMembers(people, group, options, output)));
  principals.command('check-password <account>').description('asks whoever keeps passwords, as a log-in would, and says who answered what')
    .option('--password-stdin', 'read it from standard input instead of asking', false).addHelpText('after', `\n${ATTEMPT}`)
    .action((named: string, { passwordStdin }: { readonly passwordStdin: boolean }) => run(async (people, output) => {
      const { account, owner } = await accountOf(people, named);
      const password = passwordStdin ? await readPassword() : await askPassword(`Password of ${account}: `);
      if (password === undefined) return noTerminal(output);
      let code: number = OK;
      await audited(people, { command: 'principals check-password', user: owner.id, given: { account } }, async () => {
        code = await checkPassword(people, { account, owner }, password, output);
        return code === PARTLY ? USAGE : code; // A no is a refusal, and not half a yes.
      });
      return code;
    }));
  principals.command('set-password <account>').description('into the file of directory-file, as hashes; a password that stands there in the open goes')
    .option('--password-stdin', 'read it from standard input instead of asking twice', false).option('--directory <instance>', 'which, where the config has several')
    .action(async (account: string, { passwordStdin, directory }: { readonly passwordStdin: boolean; readonly directory?: string }) => {
      const { config, data, output, end } = where();
      const target = { config, data, account, directory };
      passwordFileOf(target);
      const password = passwordStdin ? await readPassword() : await askPassword(`New password of ${account}: `);
      if (password === undefined) return end(noTerminal(output));
      if (!passwordStdin && await askPassword('The same again: ') !== password) {
        output.complain('these were two passwords; nothing was changed');
        return end(USAGE);
      }
      end(await setFilePassword(target, password, output));
    });
}

function noTerminal(output: Output): number {
  output.complain('there is no terminal to ask at; --password-stdin reads the password from standard input');
  return USAGE;
}
