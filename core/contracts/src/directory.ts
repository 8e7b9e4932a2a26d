import { extensionPoint } from '@kalends/kernel/extension-point';
import type { DirectorySource, Principal } from './directory-source.ts';
import type { PrincipalId } from './ids.ts';

/** Every source as one, in config order (none: a boot problem), augmented, cached, absent answers too; serves what it knew while a source is down. */
export interface Directory extends DirectorySource {
  /** `maxAgeSeconds`: less than the usual age, where a home is to be made: it may be another server's by now. */
  findById(id: PrincipalId, maxAgeSeconds?: number): Promise<Principal | undefined>;
  /** The same, where a password was just proved: the name may be somebody else's by now. */
  findByAccount(account: string, maxAgeSeconds?: number): Promise<Principal | undefined>;
  /** Whether that principal is one of this source's. */
  isOf(id: PrincipalId, source: DirectorySource): Promise<boolean>;
  /** At most `account-seconds` old (default 4): enabled and locked are asked apart from the rest. */
  mayLogIn(id: PrincipalId): Promise<boolean>;
}
/** The only error of a Directory: a source cannot be asked now, and nothing it said before covers the question. Not the same as "nobody": 503, never 404. */
export class DirectoryUnavailable extends Error {
  override readonly name = 'DirectoryUnavailable';
  readonly source: string;
  constructor(source: string, cause: unknown) {
    super(`the directory source "${source}" cannot be asked at present`, { cause });
    this.source = source;
  }
}
export const directory = extensionPoint<Directory>('directory');
