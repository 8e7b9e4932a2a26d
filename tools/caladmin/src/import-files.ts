/**
 * Files of calendar objects into one calendar, each object through the one door that clients use, nobody told. An object that is refused is reported with its
 * reason and place and costs nothing but itself; running an import again changes nothing.
 */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { Collection, Home, ItemAddress, ItemName, Principal, WriteContext } from '@kalends/contracts';
import { StoreError } from '@kalends/contracts';
import { CalendarDoor, homePath, WriteSteps } from '@kalends/caldav';
import { describeProblem, readObject, splitCalendar } from '@kalends/icalendar';
import { DavError } from '@kalends/webdav';
import { reasonOf } from '@kalends/kernel';
import type { OpenDeployment } from './open-deployment.ts';

export interface ObjectReport {
  readonly file: string;
  /** Undefined for what could not be read as an object at all. */ readonly uid: string | undefined;
  readonly line: number | undefined;
  /** `stored` bit for bit; `amended`: a repair was needed; `unchanged`: it was there already. */
  readonly outcome: 'stored' | 'amended' | 'replaced' | 'unchanged' | 'refused';
  /** RFC name of the condition, or of the store's complaint, and a sentence. */ readonly condition?: string; readonly reason?: string;
}

export interface ImportTarget { readonly owner: Principal; readonly home: Home; readonly collection: Collection; /** Objects that are there with other contents give way. */ readonly replace: boolean }

/** Objects in flight. */
const AT_ONCE = 16;

export class FileImport {
  readonly #with: OpenDeployment;
  readonly #target: ImportTarget;
  readonly #door: CalendarDoor;

  constructor(deployment: OpenDeployment, target: ImportTarget) {
    const { store, directory, steps, queue, notifiers, clock } = deployment;
    this.#with = deployment;
    this.#target = target;
    this.#door = new CalendarDoor({ store, directory, steps: new WriteSteps(steps), queue, notifiers, limits: deployment.deployment.limits, clock });
  }

  /** One report an object, in the order of the file; a file that cannot be read is one refusal. */
  async *run(file: string): AsyncGenerator<ObjectReport> {
    let octets: Uint8Array;
    try {
      octets = await readFile(file);
    } catch (error) {
      yield { file, uid: undefined, line: undefined, outcome: 'refused', condition: 'unreadable', reason: reasonOf(error) };
      return;
    }
    const { objects, problems } = splitCalendar(octets);
    for (const problem of problems) yield { file, uid: undefined, line: problem.line, outcome: 'refused', condition: problem.kind, reason: describeProblem(problem) };
    if (objects.length === 0 && problems.length === 0) {
      yield { file, uid: undefined, line: undefined, outcome: 'refused', condition: 'valid-calendar-data', reason: 'the file holds no calendar object' };
    }
    // A file that is one object already goes in as it is; where only its parts may (a METHOD, say), the parts do.
    const whole = objects.length === 1 && problems.length === 0 ? octets : undefined;
    for (let at = 0; at < objects.length; at += AT_ONCE) {
      // Together, so that they share a flush; the report keeps the order of the file.
      const group = objects.slice(at, at + AT_ONCE);
      const outcomes = await Promise.all(group.map(({ octets: part }) => this.#store(whole === undefined ? [part] : [whole, part])));
      for (const [i, { uid, line }] of group.entries()) yield { file, uid, line, ...outcomes[i]! };
    }
  }

  async #store(candidates: readonly Uint8Array[]): Promise<Omit<ObjectReport, 'file' | 'uid' | 'line'>> {
    let refusal: Omit<ObjectReport, 'file' | 'uid' | 'line'> | undefined;
    for (const octets of candidates) {
      try {
        return await this.#put(octets);
      } catch (error) {
        refusal = refusalOf(error) ?? refusal;
        if (refusal === undefined) throw error;
      }
    }
    return refusal!;
  }

  async #put(octets: Uint8Array): Promise<Omit<ObjectReport, 'file' | 'uid' | 'line'>> {
    const { store, clock } = this.#with;
    const { home, collection, replace } = this.#target;
    const { object } = readObject(octets, { now: Math.floor(clock.now() / 1000) });
    const holder = object === undefined ? undefined : await store.findByUid(home.id, object.uid);
    if (object !== undefined && holder !== undefined) {
      if (await this.#holds(holder, [octets, object.octets])) return { outcome: 'unchanged' };
      if (!replace || holder.collection !== collection.id) {
        return { outcome: 'refused', condition: 'no-uid-conflict', reason: `an object with this UID and other contents is there already, as ${holder.name}${replace ? ' in another calendar' : '; --replace lets the file win'}` };
      }
    }
    const name = holder?.name ?? nameFor(object?.uid ?? '');
    const { amended, created } = await this.#door.put({ home, collection, name, octets, media: 'text/calendar', silent: true, context: this.#context(name) });
    return { outcome: amended ? 'amended' : created ? 'stored' : 'replaced' };
  }

  /** As it came, or as a repair left it. A DTSTAMP that the repair supplied is of the day it was supplied. */
  async #holds(at: ItemAddress, candidates: readonly Uint8Array[]): Promise<boolean> {
    const stored = await this.#with.store.openBody(at);
    if (stored === undefined) return false;
    const chunks: Uint8Array[] = [];
    for await (const chunk of stored) chunks.push(chunk);
    const body = undated(Buffer.concat(chunks));
    return candidates.some((candidate) => undated(candidate) === body);
  }

  #context(name: ItemName): WriteContext {
    const { owner, home, collection } = this.#target;
    const path = homePath(owner.id, [collection.segment], name);
    return {
      identity: { principal: owner.id, groups: new Set(), admin: true, scheme: 'caladmin' }, headers: {},
      resource: { kind: 'calendar-item', path, canonical: path, owner: owner.id, home, collection, ancestors: [home.root] },
    };
  }
}

/** Undefined: a defect, which ends the import. */
function refusalOf(error: unknown): Omit<ObjectReport, 'file' | 'uid' | 'line'> | undefined {
  if (error instanceof DavError && error.status < 500) return { outcome: 'refused', condition: error.condition?.name.local ?? String(error.status), reason: error.message };
  if (error instanceof DavError || error instanceof StoreError) {
    const code = error instanceof StoreError ? error.code : String(error.status);
    return code === 'corrupt' ? undefined : { outcome: 'refused', condition: code, reason: error.message };
  }
  return undefined;
}

function undated(octets: Uint8Array): string {
  return Buffer.from(octets).toString('latin1').replaceAll(/^DTSTAMP:.*\r?\n/gm, '');
}

/** A last URL segment that any client and file system takes; what it cannot be is its hash. */
function nameFor(uid: string): ItemName {
  const plain = /^[A-Za-z0-9][A-Za-z0-9._@-]{0,120}$/.test(uid) ? uid : createHash('sha256').update(uid).digest('hex').slice(0, 32);
  return `${plain}.ics` as ItemName;
}
