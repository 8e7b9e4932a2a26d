/** Who is an administrator (R44): the people and groups of the config's `admins:`. */
import type { Directory } from '@kalends/contracts';
import type { Logger } from '@kalends/kernel';
import { ListedPeople } from './listed-people.ts';

export class Administrators extends ListedPeople {
  /** `names`: `<type>/<name>` or an id each. */
  constructor(names: readonly string[], directory: Directory, log: Logger) {
    super(names, 'admins', directory, log, false);
  }
}
