/**
 * The live properties of all features, by name and kind. `*` stands for every kind; a property of that very kind goes before it. Two that claim the same are a
 * boot problem.
 */
import type { LiveProperty } from '@kalends/contracts';
import { clark } from '../xml/names.ts';

/**
 * A live property whose value is what was stored: its element goes out as it is kept, under its name in `Collection.properties`, personal values first. `write`
 * is not called for it.
 */
export interface StoredProperty extends LiveProperty { readonly stored: true }

export function isStored(property: LiveProperty): property is StoredProperty {
  return (property as Partial<StoredProperty>).stored === true;
}

export class PropertyRegistry {
  readonly #byKey = new Map<string, Map<string, LiveProperty>>();
  readonly #ofKind = new Map<string, readonly LiveProperty[]>();

  /** @throws Error naming both features when two claim one property of one kind */
  constructor(features: readonly { readonly name: string; readonly properties?: readonly LiveProperty[] }[]) {
    const owners = new Map<string, string>();
    for (const feature of features) {
      for (const property of feature.properties ?? []) {
        const key = clark(property.name);
        for (const kind of property.kinds) {
          const claim = `${key} of ${kind}`;
          const owner = owners.get(claim);
          if (owner !== undefined) throw new Error(`features ${owner} and ${feature.name} both define property ${claim}`);
          owners.set(claim, feature.name);
          let kinds = this.#byKey.get(key);
          if (kinds === undefined) this.#byKey.set(key, kinds = new Map());
          kinds.set(kind, property);
        }
      }
    }
  }

  /** `key`: `{ns}local`. */
  find(kind: string, key: string): LiveProperty | undefined {
    const kinds = this.#byKey.get(key);
    return kinds?.get(kind) ?? kinds?.get('*');
  }

  /** All of a kind, in the order of the features. */
  all(kind: string): readonly LiveProperty[] {
    let all = this.#ofKind.get(kind);
    if (all === undefined) {
      all = [...this.#byKey.values()].flatMap((kinds) => kinds.get(kind) ?? kinds.get('*') ?? []);
      this.#ofKind.set(kind, all);
    }
    return all;
  }
}
