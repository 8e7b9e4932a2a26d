import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Logger } from '@kalends/kernel';
import { describeCredentialSource, describeDirectorySource, fakeClock } from '@kalends/testkit';
import type { DirectoryGiven } from '@kalends/testkit';
import { stringify } from 'yaml';
import { FileCredentials } from './file-credentials.ts';
import { FileDirectory } from './file-directory.ts';
import { SECTIONS } from './schema.ts';
import { setPassword } from './set-password.ts';

const silent = (): void => {};
const log: Logger = { debug: silent, info: silent, warn: silent, error: silent, child: () => log };

/** What the suites speak of, as an admin would write it. */
function fileOf({ principals, members, passwords }: DirectoryGiven, plain: boolean): string {
  const sections = SECTIONS.map(([section, kind]) => [section, principals.filter((principal) => principal.kind === kind).map((principal) => ({
    id: principal.id, name: principal.names, 'display-name': principal.displayName, emails: principal.emails, enabled: principal.enabled,
    addresses: principal.addresses.filter((address) => !address.startsWith('mailto:')),
    ...(kind === 'group' ? { members: members[principal.id] ?? [] } : {}),
    ...(kind === 'user' ? { 'first-name': principal.firstName, 'last-name': principal.lastName, accounts: principal.accounts } : {}),
    ...(kind === 'user' && plain ? { password: passwords[principal.accounts[0]!] } : {}),
  }))]);
  return stringify(Object.fromEntries(sections), { keepUndefined: false });
}

async function open(given: DirectoryGiven, demo: boolean) {
  const folder = await mkdtemp(join(tmpdir(), 'directory-file-'));
  const file = join(folder, 'people.yaml');
  await writeFile(file, fileOf(given, demo));
  if (!demo) for (const [user, password] of Object.entries(given.passwords)) await setPassword({ file, user, password, realms: ['Test Realm'] });
  const source = await FileDirectory.open({ file, demo }, fakeClock(), log);
  return { source, credentials: new FileCredentials(source, demo), close: () => rm(folder, { recursive: true, force: true }) };
}

describeDirectorySource('the directory file', (given) => open(given, true));
for (const demo of [true, false]) {
  describeCredentialSource(demo ? 'the demo file' : 'the file with hashes', async (given) => {
    const { credentials, close } = await open(given, demo);
    return { source: credentials, close };
  });
}
