/** The pid file of R62: written on start, removed on a clean stop; a running server is not started twice over it. */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { KernelError, reasonOf } from '@kalends/kernel';

/**
 * @returns what removes it again, if it is still ours
 * @throws KernelError `KRN_START` when a server of that pid runs, or the file cannot be written
 */
export function writePidFile(file: string): () => void {
  const there = readPid(file);
  if (there !== undefined && there !== process.pid && isServer(there)) throw new KernelError('KRN_START', `${file} says that a server runs as process ${there}; stop it first, or give another --pid-file`);
  try {
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, `${process.pid}\n`);
  } catch (error) {
    throw new KernelError('KRN_START', `cannot write the pid file: ${reasonOf(error)}`, { cause: error });
  }
  return () => { if (readPid(file) === process.pid) rmSync(file, { force: true }); };
}

function readPid(file: string): number | undefined {
  try {
    const pid = Number(readFileSync(file, 'utf8').trim());
    return Number.isInteger(pid) && pid > 0 ? pid : undefined;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** After a crash and a restart of the machine the number may be anybody's: only a process that looks like ours counts. */
function isServer(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return false;
  }
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('caldavd');
  } catch {
    return true; // No /proc here: it lives, so it may be ours.
  }
}
