/** Who may use the service at all (R43): everybody, or the people and groups of the config's `access-list:`. Whether an account is enabled is the other gate. */
import type { Directory, PrincipalId } from '@kalends/contracts';
import type { Logger } from '@kalends/kernel';
import { ListedPeople } from './listed-people.ts';

export class AccessList {
  readonly #listed: ListedPeople | undefined;

  /** `names`: `<type>/<name>` or an id each; undefined: everybody. An empty list admits nobody. */
  constructor(names: readonly string[] | undefined, directory: Directory, log: Logger) {
    this.#listed = names === undefined ? undefined : new ListedPeople(names, 'access-list', directory, log);
  }

  admits(id: PrincipalId, groups: ReadonlySet<PrincipalId>): Promise<boolean> {
    return this.#listed === undefined ? Promise.resolve(true) : this.#listed.includes(id, groups);
  }
}
