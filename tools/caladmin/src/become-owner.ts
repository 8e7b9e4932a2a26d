/**
 * Root becomes the account that the data root belongs to before anything there is opened: a file that root made among the server's own, be it a log, could not be written
 * by the server any more. Whoever else has no right to change what is there is told so by the store.
 */
import { statSync } from 'node:fs';

let became = false;

/** For the rest of the process. Nothing happens where there is no data root yet, or it is root's own. */
export function becomeOwnerOf(dataRoot: string): void {
  if (process.getuid?.() !== 0) return;
  const owner = statSync(dataRoot, { throwIfNoEntry: false });
  if (owner === undefined || owner.uid === 0) return;
  // With its other groups: a keytab or a key may be readable by one of them. Node's types do not know it.
  (process as { initgroups?: (user: number, group: number) => void }).initgroups?.(owner.uid, owner.gid);
  process.setgid?.(owner.gid);
  process.setuid?.(owner.uid);
  became = true;
}

/** For whoever wonders why root may not. */
export function noteOfOwner(): string {
  return became ? '; root works here as the account that the data root belongs to' : '';
}
