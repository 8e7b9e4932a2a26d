/** A client that knows a home only by its change log: the naive model that `homeChangesSince` is held against. */
import type { CalendarStore, Collection, CollectionId, Home, HomeChangePage, Revision } from '@kalends/contracts';
import { all } from './given.ts';

interface Known { readonly parent: CollectionId; readonly segment: string; readonly items: Map<string, string> }

export class HomeFollower {
  readonly #home: Home;
  readonly #collections = new Map<CollectionId, Known>();
  readonly #root: Known;
  #since: Revision | 'start' = 'start';

  constructor(home: Home) {
    this.#home = home;
    this.#root = { parent: home.root.id, segment: '', items: new Map() };
  }

  async catchUp(store: CalendarStore, limit: () => number): Promise<void> {
    for (let more = true; more;) {
      const page = await store.homeChangesSince(this.#home.id, this.#since, limit(), true, {});
      this.#apply(page);
      ({ revision: this.#since, more } = page);
    }
  }

  /** Every path that the client believes in: a folder's, or a file's with its ETag. */
  tree(): readonly string[] {
    const paths = (id: CollectionId, known: Known, above: string): readonly string[] => [
      ...[...known.items].map(([name, etag]) => `${above}${name} ${etag}`),
      ...[...this.#collections].filter(([child, { parent }]) => parent === id && child !== id).flatMap(([child, inner]) => [`${above}${inner.segment}/`, ...paths(child, inner, `${above}${inner.segment}/`)]),
    ];
    return [...paths(this.#home.root.id, this.#root, '')].sort();
  }

  #apply({ removed, collections, items }: HomeChangePage): void {
    for (const path of removed) this.#drop(path);
    for (const collection of collections) this.#learn(collection);
    for (const { collection, item } of items) {
      const known = this.#known(collection);
      if (known === undefined) continue;
      // A file where a folder was: the name is one, so the folder is gone.
      this.#dropChild(collection, item.name);
      known.items.set(item.name, item.etag);
    }
  }
  #known(id: CollectionId): Known | undefined {
    return id === this.#home.root.id ? this.#root : this.#collections.get(id);
  }
  #learn({ id, parent, segment }: Collection): void {
    const old = this.#collections.get(id);
    if (old !== undefined && old.parent === parent && old.segment === segment) return;
    this.#known(parent!)?.items.delete(segment);
    this.#dropChild(parent!, segment, id);
    this.#collections.set(id, { parent: parent!, segment, items: old?.items ?? new Map() });
  }
  #drop(path: readonly string[]): void {
    let at = this.#home.root.id;
    for (const segment of path.slice(0, -1)) {
      const child = this.#child(at, segment);
      if (child === undefined) return;
      at = child;
    }
    this.#known(at)?.items.delete(path.at(-1)!);
    this.#dropChild(at, path.at(-1)!);
  }
  #dropChild(parent: CollectionId, segment: string, but?: CollectionId): void {
    const child = this.#child(parent, segment);
    if (child !== undefined && child !== but) this.#forget(child);
  }
  #child(parent: CollectionId, segment: string): CollectionId | undefined {
    return [...this.#collections].find(([, known]) => known.parent === parent && known.segment === segment)?.[0];
  }
  #forget(id: CollectionId): void {
    this.#collections.delete(id);
    for (const [child, { parent }] of [...this.#collections]) if (parent === id) this.#forget(child);
  }
}

/** The same list from the home itself. */
export async function homeAsItIs(store: CalendarStore, home: Home): Promise<readonly string[]> {
  const paths = async (id: CollectionId, above: string): Promise<readonly string[]> => {
    const items = (await all(store.listItems(id, {}))).map(({ name, etag }) => `${above}${name} ${etag}`);
    const children = await store.listCollections(id, 1);
    return [...items, ...(await Promise.all(children.map(async (child) => [`${above}${child.segment}/`, ...await paths(child.id, `${above}${child.segment}/`)]))).flat()];
  };
  return [...await paths(home.root.id, '')].sort();
}
