/** What the plugin provides before its store is open: the same services, asking for the store at each call. */
import type { CalendarStore, JobLog, RecordStore, StoreMaintenance, StoreTraits } from '@kalends/contracts';
import type { FlatFileStore } from './flat-file-options.ts';
import { traits } from './traits.ts';

export interface Provided { readonly store: CalendarStore; readonly maintenance: StoreMaintenance; readonly jobs: JobLog; readonly records: RecordStore }

export function whenOpen(find: () => FlatFileStore | undefined): Provided {
  const open = (): FlatFileStore => {
    const found = find();
    if (found === undefined) throw new Error('the calendar store is not open: it opens at start and closes at stop');
    return found;
  };
  return {
    store: forwarding<CalendarStore>(() => open().store, { traits }),
    maintenance: forwarding<StoreMaintenance>(() => open().maintenance, {}),
    jobs: forwarding<JobLog>(() => open().jobLog, {}),
    records: forwarding<RecordStore>(() => open().recordStore, {}),
  };
}

/** Methods are bound once each, so that a call costs one look into a map more. */
function forwarding<T extends object>(find: () => T, fixed: { readonly traits?: StoreTraits }): T {
  const bound = new Map<string | symbol, unknown>(Object.entries(fixed));
  let of: T | undefined;
  return new Proxy({} as T, {
    get(_, name) {
      // Whoever asks whether this is a promise, or how to print it, asks nothing of the store.
      if (name === 'then' || typeof name === 'symbol') return undefined;
      if (name in fixed) return bound.get(name);
      const now = find();
      if (now !== of) {
        bound.clear();
        for (const [key, value] of Object.entries(fixed)) bound.set(key, value);
        of = now;
      }
      let value = bound.get(name);
      if (value === undefined) {
        const member: unknown = Reflect.get(now, name);
        value = typeof member === 'function' ? (member as (...args: unknown[]) => unknown).bind(now) : member;
        bound.set(name, value);
      }
      return value;
    },
  });
}
