/** People and groups that the config lists, looked up in the directory and looked up anew when it changed. */
import type { Directory, Principal, PrincipalId } from '@kalends/contracts';
import type { Logger } from '@kalends/kernel';

const KINDS: Readonly<Record<string, Principal['kind']>> = { users: 'user', groups: 'group', locations: 'location', resources: 'resource' };
const NOBODY: ReadonlySet<PrincipalId> = new Set();

export class ListedPeople {
  readonly #names: readonly string[];
  readonly #list: string;
  readonly #directory: Directory;
  readonly #log: Logger;
  readonly #guests: boolean;
  #known: { readonly stamp: string; readonly ids: ReadonlySet<PrincipalId> } | undefined;

  /** `names`: `<type>/<name>` or an id each. `list`: its key in the config, for the log. `guests`: whether it may list people and groups of a directory of guests. */
  constructor(names: readonly string[], list: string, directory: Directory, log: Logger, guests = true) {
    this.#names = names;
    this.#list = list;
    this.#directory = directory;
    this.#log = log;
    this.#guests = guests;
  }

  /** Herself, or by one of her groups. */
  async includes(id: PrincipalId, groups: ReadonlySet<PrincipalId>): Promise<boolean> {
    if (this.#names.length === 0) return false;
    const ids = await this.ids();
    if (!ids.has(id) && ![...groups].some((group) => ids.has(group))) return false;
    return this.#guests || (await this.#directory.findById(id))?.guest !== true;
  }

  /** Without those that no directory knows. */
  async ids(): Promise<ReadonlySet<PrincipalId>> {
    if (this.#names.length === 0) return NOBODY;
    const stamp = await this.#directory.stamp();
    if (this.#known?.stamp === stamp) return this.#known.ids;
    const ids = new Set<PrincipalId>();
    for (const name of this.#names) {
      const principal = await this.#find(name);
      if (principal === undefined) this.#log.warn('somebody whom the config lists is in no directory', { list: this.#list, name });
      else if (principal.guest === true && !this.#guests) this.#log.error('somebody whom the config lists is of a directory of guests, and does not count', { list: this.#list, name });
      else ids.add(principal.id);
    }
    this.#known = { stamp, ids };
    return ids;
  }

  #find(name: string): Promise<Principal | undefined> {
    const [type = '', ...rest] = name.split('/');
    const kind = KINDS[type];
    return kind === undefined || rest.length === 0 ? this.#directory.findById(name as PrincipalId) : this.#directory.findByName(kind, rest.join('/'));
  }
}
