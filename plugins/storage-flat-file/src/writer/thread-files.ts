/** What the writer thread loads: the file side over the real disk. */
import type { CreateFiles } from '@kalends/lib-shards';
import { diskFiles } from '../file-operations.ts';
import { createFlatFiles } from './flat-files.ts';

export const createFiles: CreateFiles = (context) => createFlatFiles(context, diskFiles);
