import { extensionPoint } from '@kalends/kernel';
import type { DirectorySource } from './directory-source.ts';
import type { PrincipalId } from './ids.ts';

/** Every source as one, in config order (none: a boot problem), augmented, cached, absent answers too; serves what it knew while a source is down. */
export interface Directory extends DirectorySource {
  /** At most `account-seconds` old (default 5): enabled and locked are asked apart from the rest. */
  mayLogIn(id: PrincipalId): Promise<boolean>;
}
export const directory = extensionPoint<Directory>('directory');
