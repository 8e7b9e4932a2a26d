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
  #known: { readonly stamp: string; readonly ids: ReadonlySet<PrincipalId> } | undefined;

  /** `names`: `<type>/<name>` or an id each. `list`: its key in the config, for the log. */
  constructor(names: readonly string[], list: string, directory: Directory, log: Logger) {
    this.#names = names;
    this.#list = list;
    this.#directory = directory;
    this.#log = log;
  }

  /** Herself, or by one of her groups. */
  async includes(id: PrincipalId, groups: ReadonlySet<PrincipalId>): Promise<boolean> {
    if (this.#names.length === 0) return false;
    const ids = await this.ids();
    if (ids.has(id)) return true;
    for (const group of groups) if (ids.has(group)) return true;
    return false;
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
