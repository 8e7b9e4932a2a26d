/** What a trial start prints: where the server is, who may log in, and how to see something at once. For people in front of a terminal, not for logs. */
import { readFile } from 'node:fs/promises';
import { parse } from 'yaml';
import type { RunningServer } from './start-server.ts';

/** @param file the demo directory */
export async function demoGreeting({ url }: Pick<RunningServer, 'url'>, file: string): Promise<string> {
  const accounts = await accountsOf(file);
  const [first = 'alice'] = accounts.filter((name) => name !== 'admin');
  const { hostname, port, host } = new URL(url);
  return `
  Kalends is running at ${url}

  Accounts (password = name): ${accounts.join(', ')}
  They stand in ${file}
  for everybody to read, so the server listens on this machine only.

  Try it:
    curl -u ${first}:${first} -X PROPFIND -H 'Depth: 1' ${url}calendars/users/${first}/

  Add it to a calendar:
    Apple Calendar   Settings, Accounts, +, Other CalDAV Account, type Advanced; user ${first}, password ${first},
                     server ${hostname}, path /, port ${port}, without SSL
    Thunderbird      New Calendar, On the Network; user name ${first}, location ${url}
    DAVx5 (Android)  Add account, Login with URL and user name; base URL ${url}
                     (on a phone, first: adb reverse tcp:${port} tcp:${port}; ${host} is this machine's own)

  Stop it with Ctrl-C.
`;
}

async function accountsOf(file: string): Promise<readonly string[]> {
  const directory = parse(await readFile(file, 'utf8')) as { readonly users?: readonly { readonly name?: unknown }[] } | null;
  return (directory?.users ?? []).flatMap(({ name }) => (Array.isArray(name) ? name.slice(0, 1) : [name])).filter((name) => typeof name === 'string');
}
