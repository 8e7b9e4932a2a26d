/**
 * The random name of this host among the hosts of a deployment, in the data root's host-local part. Read before the boot; written only when plugins start, so
 * that checking a config touches nothing.
 */
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

export interface HostId {
  readonly id: string;
  /** Makes it durable where it is new. */
  keep(): Promise<void>;
}

export function hostIdOf(dataRoot: string): HostId {
  const file = join(dataRoot, 'local', 'host-id');
  const there = read(file);
  if (there !== undefined) return { id: there, keep: () => Promise.resolve() };
  const id = randomUUID();
  return {
    id,
    async keep() {
      await mkdir(dirname(file), { recursive: true });
      try {
        await writeFile(file, `${id}\n`, { flag: 'wx', flush: true });
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
        if ((await readFile(file, 'utf8')).trim() === id) return;
        throw new Error(`another server was started with the data root ${dataRoot} at the same moment; start this one again`, { cause: error });
      }
    },
  };
}

function read(file: string): string | undefined {
  try {
    const text = readFileSync(file, 'utf8').trim();
    if (!/^[\w-]{8,64}$/.test(text)) throw new Error(`${file} holds no host id; remove it to have another made`);
    return text;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
