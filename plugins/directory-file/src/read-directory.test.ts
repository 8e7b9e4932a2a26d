import type { PrincipalId } from '@kalends/contracts';
import { describe, expect, it } from 'vitest';
import { DirectoryFileError } from './problems.ts';
import { readDirectory } from './read-directory.ts';

const read = (text: string, demo = false) => readDirectory(text, { file: 'people.yaml', demo });
function problemsOf(text: string): readonly string[] {
  try {
    read(text);
  } catch (error) {
    if (error instanceof DirectoryFileError) return error.problems.map(({ line, path, message }) => `${line} ${path}: ${message}`);
    throw error;
  }
  return [];
}

describe('a directory file', () => {
  it('gives principals with what follows from what is said', () => {
    const { principals, members } = read(`
users:
  - { id: U1, name: ann, display-name: Ann Example, first-name: Ann, last-name: Example, emails: [Ann@example.com] }
  - { id: U2, name: [bob, robert], accounts: [b], quota: 10MiB }
groups:
  - { id: G1, name: team, members: [ann, U2, groups/all] }
  - { id: G2, name: all, members: [], calendar: { members: write, owners: [ann] } }
locations:
  - { id: L1, name: lab, schedule: { accept-group: groups/team, capacity: 4 }, delegates: { write: [groups/team], read: [bob] } }
resources:
  - { id: R1, name: van, schedule: { mode: decline-if-busy } }
`);
    expect(principals[0]).toEqual({
      id: 'U1', kind: 'user', names: ['ann'], accounts: ['ann'], displayName: 'Ann Example', firstName: 'Ann', lastName: 'Example', emails: ['Ann@example.com'],
      addresses: ['mailto:Ann@example.com'], enabled: true, locked: false, schedule: { mode: 'none' },
    });
    expect(principals[1]).toMatchObject({ names: ['bob', 'robert'], accounts: ['b'], displayName: 'bob', quotaOctets: 10 * 1024 * 1024 });
    expect(principals[3]).toMatchObject({ kind: 'group', accounts: [], groupCalendar: { members: 'write', owners: ['U1'] } });
    expect(principals[4]).toMatchObject({ kind: 'location', schedule: { mode: 'automatic', acceptGroup: 'G1', capacity: 4 }, delegates: { read: ['U2'], write: ['G1'] } });
    expect(principals[5]).toMatchObject({ kind: 'resource', schedule: { mode: 'decline-if-busy' } });
    expect(members.get('G1' as PrincipalId)).toEqual(['U1', 'U2', 'G2']);
  });

  it('may be empty', () => {
    expect(read('').principals).toEqual([]);
  });

  it('tells all that is wrong, each with its line', () => {
    expect(problemsOf(`users:
  - { id: U1, name: ann }
  - id: all
    name: ann/lee
    emial: [a@example.com]
  - { id: "1", name: x, emails: [nobody] }
locations:
  - { name: lab, quota: much }
`).map((problem) => problem.replace(/[0-9a-f-]{36}/, 'UUID'))).toEqual([
      '3 users[1].id: this word means something else in an access list; take a UUID',
      '4 users[1].name[0]: a name has no slash and no control characters',
      '3 users[1]: Unrecognized key: "emial"',
      '6 users[2].emails[0]: expected an address such as ann@example.com',
      '8 locations[0].id: every record needs an id that is never used again; for instance UUID',
      '8 locations[0].quota: expected octets, or a number with KiB, MiB, GiB or TiB',
    ]);
  });

  it('refuses two records with one id, name, account or address, and names the other\'s line', () => {
    expect(problemsOf(`users:
  - { id: abc, name: ann, emails: [a@example.com] }
  - { id: ABC, name: ann, emails: [A@EXAMPLE.com] }
`)).toEqual([
      '3 users[1].id: the id ABC is taken already, on line 2',
      '3 users[1].name: the name users/ann is taken already, on line 2',
      '3 users[1].accounts: the account ann is taken already, on line 2',
      '3 users[1].emails[0]: the address mailto:A@EXAMPLE.com is taken already, on line 2',
    ]);
  });

  it('lets a group and a user have one name', () => {
    expect(problemsOf('users: [{ id: U, name: sales }]\ngroups: [{ id: G, name: sales, members: [sales] }]')).toEqual([]);
  });

  it('refuses references to nobody', () => {
    expect(problemsOf('groups:\n  - id: G\n    name: team\n    members:\n      - ghost\n')).toEqual([
      "5 groups[0].members[0]: nobody is called ghost; write an id, a user's name, or <type>/<name>",
    ]);
  });

  it('refuses a password in the open, but in a demo', () => {
    const text = 'users:\n  - id: U\n    name: ann\n    password: ann\n';
    expect(problemsOf(text)).toEqual(['4 users[0].password: a password in the open is allowed with `demo: true` only; write hashes with `caladmin principals set-password`']);
    expect(read(text, true).secrets.get('ann')?.plain).toBe('ann');
  });

  it('refuses a hash that no password could ever match', () => {
    expect(problemsOf('users:\n  - id: U\n    name: ann\n    credentials:\n      argon2id: $argon2id$oops\n')[0]).toMatch(/^5 users\[0\].credentials.argon2id: expected an argon2id hash/);
  });

  it('shows where YAML itself is broken', () => {
    expect(problemsOf('users:\n  - { id: U, name: ann\n')[0]).toMatch(/^3 : /);
    expect(problemsOf('users:\n  - id: A\n    id: B\n    name: a\n')[0]).toMatch(/^3 : .*unique/);
  });
});
