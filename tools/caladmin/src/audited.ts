/**
 * Commands that touch what is somebody's, in the audit log (R44): who at the command line, whose things, told what, and how it went. Nothing of what is in a calendar,
 * and no password.
 */
import { userInfo } from 'node:os';
import type { CommandAudit, Principal } from '@kalends/contracts';
import { OK, PARTLY } from './exit-codes.ts';
import { findOwner } from './find-calendar.ts';
import type { OpenDeployment } from './open-deployment.ts';

export interface Audited {
  readonly command: string;
  /** As the command was told; undefined: it concerns many. */ readonly user?: string;
  readonly given: CommandAudit['given'];
}

/** Runs the command; what it answers or throws is its own. */
export async function audited({ audit, clock, directory }: Pick<OpenDeployment, 'audit' | 'clock' | 'directory'>, { command, user, given }: Audited, run: () => Promise<number>): Promise<number> {
  const owner = user === undefined ? undefined : await findOwner(directory, user);
  const say = (outcome: CommandAudit['outcome']): void => {
    audit.write({ time: clock.now(), as: 'caladmin', account: callerName(), ...(owner === undefined ? {} : { owner: owner.id, ownerName: nameOf(owner) }), command, given, outcome });
  };
  let code: number;
  try {
    code = await run();
  } catch (error) {
    say('failed');
    throw error;
  }
  say(code === OK ? 'done' : code === PARTLY ? 'partly' : 'refused');
  return code;
}

function nameOf({ kind, names, id }: Principal): string {
  return `${kind}s/${names[0] ?? id}`;
}

/** With sudo, who called it stands after whom he became: `root (ann)`. Asked at once: root may become somebody else (become-owner.ts). */
const CALLER = nameOfCaller();
export function callerName(): string {
  return CALLER;
}

function nameOfCaller(): string {
  const { SUDO_USER: before } = process.env;
  const account = accountName();
  return before === undefined || before === account ? account : `${account} (${before})`;
}

function accountName(): string {
  try {
    return userInfo().username;
  } catch {
    return `uid ${String(process.getuid?.() ?? '?')}`; // In a container an account may have no name.
  }
}
