/**
 * A config as plain values that remember where each was written. Later documents are laid over earlier ones: maps of the top sections are
 * joined key by key, everything else is replaced: a whole plugin instance, a list, a scalar, a reference.
 */
export type Path = readonly string[];
export type ConfigMap = Record<string, unknown>;

/** Where one value was written. */
export interface Origin {
  readonly kind: 'file' | 'overlay' | 'environment' | 'command-line' | 'memory';
  /** As shown to people: the file's name, `environment`, `command line`. */
  readonly source: string;
  /** From 1. */
  readonly line?: number | undefined;
  /** Absolute; what `./` in the value starts from. */
  readonly folder: string;
  /** `{ env: X }` or `{ file: Y }` as written, when the value came from there. */
  readonly reference?: string | undefined;
}

export interface SerializedDocument { readonly value: ConfigMap; readonly origins: readonly (readonly [string, Origin])[] }

export class ConfigDocument {
  readonly value: ConfigMap;
  readonly #origins = new Map<string, Origin>();

  constructor(value: ConfigMap = {}) {
    this.value = value;
  }

  /** For another process; JSON. */
  serialize(): SerializedDocument {
    return { value: this.value, origins: [...this.#origins] };
  }

  static revive({ value, origins }: SerializedDocument): ConfigDocument {
    const document = new ConfigDocument(value);
    for (const [key, origin] of origins) document.#origins.set(key, origin);
    return document;
  }

  /** The origin of this very path, or of the nearest key above it. */
  originOf(path: Path): Origin | undefined {
    for (let length = path.length; length >= 0; length--) {
      const origin = this.#origins.get(keyOf(path.slice(0, length)));
      if (origin !== undefined) return origin;
    }
    return undefined;
  }

  setOrigin(path: Path, origin: Origin): void {
    this.#origins.set(keyOf(path), origin);
  }

  get(path: Path): unknown {
    let at: unknown = this.value;
    for (const key of path) {
      if (typeof at !== 'object' || at === null || !Object.hasOwn(at, key)) return undefined;
      at = (at as ConfigMap)[key];
    }
    return at;
  }

  /** Puts a value at a path, making the maps on the way (a list that is there stays one), and forgets what was written below it. */
  set(path: Path, value: unknown, origin?: Origin): void {
    const last = path.at(-1);
    if (last === undefined) throw new RangeError('a config value needs a key');
    let at = this.value;
    for (const [index, key] of path.slice(0, -1).entries()) {
      const next = Object.hasOwn(at, key) ? at[key] : undefined;
      const isList = Array.isArray(next) && Number(path[index + 1]) < next.length;
      at = isMap(next) || isList ? (next as ConfigMap) : (at[key] = emptyMap());
    }
    at[last] = value;
    const prefix = keyOf(path);
    for (const key of this.#origins.keys()) if (key.startsWith(prefix)) this.#origins.delete(key);
    if (origin !== undefined) this.#origins.set(prefix, origin);
  }

  /** Lays `over` on this document. Its maps must not be used by anybody else afterwards. */
  lay(over: ConfigDocument): void {
    this.#layMap([], over.value, over);
  }

  #layMap(path: Path, value: ConfigMap, over: ConfigDocument): void {
    for (const [key, next] of Object.entries(value)) {
      const here = [...path, key];
      const before = this.get(here);
      if (next === null && isMap(before)) continue; // `plugins:` with nothing below it
      if (isMap(next) && isMap(before) && !isInstance(here) && !isReference(next)) {
        this.#layMap(here, next, over);
        continue;
      }
      this.set(here, next, over.originOf(here));
      const prefix = keyOf(here);
      for (const [at, origin] of over.#origins) if (at.startsWith(prefix)) this.#origins.set(at, origin);
    }
  }
}

/** `{ env: NAME }` or `{ file: PATH }`: a value kept elsewhere. */
export function isReference(value: unknown): value is { readonly env: string } | { readonly file: string } {
  if (!isMap(value)) return false;
  const keys = Object.keys(value);
  return keys.length === 1 && (keys[0] === 'env' || keys[0] === 'file') && typeof value[keys[0]] === 'string';
}

export function isMap(value: unknown): value is ConfigMap {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** As people write it: `plugins.main-store.with.floors[1]`. */
export function formatPath(path: Path): string {
  return path.reduce((text, key) => (/^\d+$/.test(key) ? `${text}[${key}]` : text === '' ? key : `${text}.${key}`), '');
}

/** No prototype, so that a key named `__proto__` is only a key. */
export function emptyMap(): ConfigMap {
  return Object.create(null) as ConfigMap;
}

function isInstance(path: Path): boolean {
  return path.length === 2 && path[0] === 'plugins';
}

/** Ends with a separator, so that one path's key is a prefix of all keys below it and of no sibling's. */
function keyOf(path: Path): string {
  return path.map((key) => `${key}\0`).join('');
}
