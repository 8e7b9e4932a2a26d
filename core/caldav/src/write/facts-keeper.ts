/**
 * Keeps facts fresh: endless series are worked out for some years ahead when they are stored, and again here before that runs out; and facts of an older
 * derivation are made anew. One process of a deployment does it, now and then, a few objects a change, so that nobody waits for it.
 */
import type { CalendarStore, Clock, CollectionId, HomeId, ItemAddress, JobLog, StoreWriter, WriteLimits } from '@kalends/contracts';
import { COVER_AHEAD_SECONDS, FACTS_VERSION, deriveFacts, parse } from '@kalends/icalendar';
import type { Logger } from '@kalends/kernel';
import { reasonOf } from '@kalends/kernel';

export interface FactsKeeperParts { readonly store: CalendarStore; readonly jobs: JobLog; readonly clock: Clock; readonly log: Logger }

const FIRST_MILLISECONDS = 5 * 60_000;
const EVERY_MILLISECONDS = 24 * 3_600_000;
const LEASE_MILLISECONDS = 60_000;
const LEASE_NAME = 'caldav.facts';
/** Series are renewed when a third of what was worked out is spent: about once a year. */
const RENEW_AHEAD_SECONDS = Math.floor((COVER_AHEAD_SECONDS * 2) / 3);
/** Objects in one change; others write to the home between two. */
const CHUNK = 20;
/** Octets stay as they are, so nothing can run out. */
const NO_LIMITS: WriteLimits = { octets: Infinity, collections: Infinity, itemsPerCollection: Infinity, attachmentsPerItem: Infinity };

export class FactsKeeper {
  readonly #with: FactsKeeperParts;

  constructor(parts: FactsKeeperParts) {
    this.#with = parts;
  }

  /** Until `signal` aborts. Never rejects. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, jobs, log } = this.#with;
    for (let wait = FIRST_MILLISECONDS; ; wait = EVERY_MILLISECONDS) {
      try {
        await clock.after(wait, signal);
        const lease = await jobs.lease(LEASE_NAME, LEASE_MILLISECONDS);
        if (lease === undefined) continue;
        try {
          const renewed = await this.renew(AbortSignal.any([signal, lease.signal]));
          if (renewed > 0) log.info('facts renewed', { objects: renewed });
        } finally {
          await lease.release();
        }
      } catch (error) {
        if (signal.aborted) return;
        log.warn('facts could not be renewed; queries stay right and become slower', { reason: reasonOf(error) });
      }
    }
  }

  /** All that is stale now. @returns how many objects have new facts */
  async renew(signal: AbortSignal): Promise<number> {
    const { store, clock } = this.#with;
    const now = Math.floor(clock.now() / 1000);
    let renewed = 0;
    for await (const batch of store.listStale({ version: FACTS_VERSION, coveredUntil: now + RENEW_AHEAD_SECONDS })) {
      const homes = await store.findCollections([...new Set(batch.map(({ collection }) => collection))]);
      for (const [home, addresses] of byHome(batch, (id) => homes.get(id)?.home)) {
        for (let at = 0; at < addresses.length; at += CHUNK) {
          signal.throwIfAborted();
          const { value } = await store.write(home, NO_LIMITS, (tx) => renewIn(tx, addresses.slice(at, at + CHUNK), now));
          renewed += value;
        }
      }
    }
    return renewed;
  }
}

function byHome(addresses: readonly ItemAddress[], homeOf: (id: CollectionId) => HomeId | undefined): ReadonlyMap<HomeId, readonly ItemAddress[]> {
  const groups = new Map<HomeId, ItemAddress[]>();
  for (const address of addresses) {
    const home = homeOf(address.collection);
    if (home === undefined) continue;
    const group = groups.get(home);
    if (group === undefined) groups.set(home, [address]);
    else group.push(address);
  }
  return groups;
}

/** An object that cannot be read any more keeps its facts: `store verify` finds it. */
async function renewIn(tx: StoreWriter, addresses: readonly ItemAddress[], now: number): Promise<number> {
  let renewed = 0;
  for (const at of addresses) {
    const item = await tx.findItem(at.collection, at.name, { body: true });
    const object = item?.body === undefined ? undefined : parse(item.body).object;
    const facts = object === undefined ? undefined : deriveFacts(object, now + COVER_AHEAD_SECONDS).facts;
    if (item === undefined || facts === undefined) continue;
    await tx.replaceFacts(at, item.etag, facts);
    renewed++;
  }
  return renewed;
}
