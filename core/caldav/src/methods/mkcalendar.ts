/**
 * MKCALENDAR (RFC 4791 §5.3.1) and extended MKCOL (RFC 5689) directly below a home: a calendar with the properties its maker gives it, all or none. Place first,
 * then name, then properties: so is decided which error is told.
 */
import type { CalendarStore, DavRequest, MethodSpec, PropertyRow, QName } from '@kalends/contracts';
import { BIND, StoreError } from '@kalends/contracts';
import {
  CALDAV, answer, answerMkcolFailure, answerXml, badRequest, conflict, ctagOfToken, dav, engineOf, forbidden, fromStore, getctag, guardCollection, isNamed, maxCollections, mergePatches, nameOf, planChanges, readInstructions, readMkcol,
  resourceMustBeNull, validResourcetype, writeLimits, writeOutcomes,
} from '@kalends/webdav';
import type { DavError, EngineRequest, Instruction, PlannedChanges } from '@kalends/webdav';
import { calendarCollectionLocationOk } from '../preconditions.ts';

/** Where something is already. */
const TAKEN = ['home', 'calendar', 'share', 'inbox', 'outbox', 'notifications', 'files', 'free-busy-url'];
/** Where no calendar may be, whether something is there or not. */
const ELSEWHERE = ['calendar-item', 'inbox-item', 'notification', 'file', 'nowhere'];

/** `initial`: properties of calendars whose makers say nothing of them. */
export interface MakerParts { readonly store: CalendarStore; readonly initial: ReadonlyMap<string, string> }

export function mkcalendarSpecs(parts: MakerParts): readonly MethodSpec[] {
  const spec = (method: string, kinds: readonly string[], on: 'self' | 'parent', handle: MethodSpec['handle']): MethodSpec => ({
    method, kinds, requires: () => [{ on, privileges: BIND }], handle,
  });
  return [
    spec('MKCALENDAR', ['home-child'], 'parent', (request) => mkcalendar(parts, engineOf(request))),
    spec('MKCALENDAR', TAKEN, 'self', async () => { throw resourceMustBeNull(); }),
    spec('MKCALENDAR', ELSEWHERE, 'parent', async (request) => { throw misplaced(request) ?? calendarCollectionLocationOk(); }),
    spec('MKCOL', ['home-child'], 'parent', (request) => mkcol(parts, engineOf(request))),
    spec('MKCOL', ['calendar-item', 'nowhere'], 'parent', async (request) => { throw misplaced(request) ?? calendarCollectionLocationOk('A calendar holds calendar objects and no collections.'); }),
  ];
}

/** Below what is not there yet, it is that which must be made first (RFC 4918 §9.3.1); inside a calendar nothing helps. */
function misplaced({ resource: { kind, collection } }: DavRequest): DavError | undefined {
  return kind === 'nowhere' && collection?.kind !== 'calendar' ? conflict('The collection that this should lie in is not there.') : undefined;
}

async function mkcalendar(parts: MakerParts, request: EngineRequest): Promise<void> {
  const body = await request.xml();
  if (body !== undefined && !isNamed(body.name, CALDAV, 'mkcalendar')) throw badRequest('The body of MKCALENDAR is a CALDAV:mkcalendar element.');
  const instructions = body === undefined ? [] : readInstructions(body).filter((instruction) => !saysCalendar(instruction));
  if (instructions.some(({ value }) => value === undefined)) throw badRequest('MKCALENDAR has nothing to remove.');
  const planned = await plan(request, instructions);
  if (planned.failed) {
    answerXml(request.http, 207, (xml) => {
      xml.open(dav('multistatus'));
      xml.open(dav('response'));
      xml.href(request.href);
      writeOutcomes(xml, planned.outcomes);
      xml.close();
      xml.close();
    }, NOT_CACHED);
    return;
  }
  await make(parts, request, planned);
}

async function mkcol(parts: MakerParts, request: EngineRequest): Promise<void> {
  const { types, instructions } = await readMkcol(request);
  if (!isCalendar(types)) {
    if (instructions.length === 0 && types.length === 1 && isNamed(types[0]!, 'DAV:', 'collection')) throw forbidden('A home holds calendars; plain collections lie in its dropbox.');
    answerMkcolFailure(request, [{ name: dav('resourcetype'), error: validResourcetype() }, ...instructions.map(({ name }) => ({ name, error: undefined }))]);
    return;
  }
  const planned = await plan(request, instructions);
  if (planned.failed) answerMkcolFailure(request, planned.outcomes);
  else await make(parts, request, planned);
}

/** Phones send the type with MKCALENDAR too, as if it were a MKCOL: it says no more than the method does. Any other type is refused as the protected property it is. */
function saysCalendar({ name, value }: Instruction): boolean {
  return isNamed(name, 'DAV:', 'resourcetype') && value !== undefined && isCalendar(value.children.map((type) => type.name));
}

function isCalendar(types: readonly QName[]): boolean {
  return types.length === 2 && types.some((type) => isNamed(type, 'DAV:', 'collection')) && types.some((type) => isNamed(type, CALDAV, 'calendar'));
}

/** RFC 4791 §5.3.1: whatever the answer, it is not for caches. */
const NOT_CACHED = { 'Cache-Control': 'no-cache' };

/** As properties of a row that is not there yet, under the kind that it will have. */
function plan(request: DavRequest, instructions: readonly Instruction[]): Promise<PlannedChanges> {
  const whole = engineOf(request);
  const row: PropertyRow = { ...whole.row(), resource: { ...whole.resource, kind: 'calendar' } };
  return planChanges(request, row, instructions, true);
}

async function make({ store, initial }: MakerParts, request: EngineRequest, { changes }: PlannedChanges): Promise<void> {
  const { engine, resource, http } = request;
  const { id, root } = resource.home!;
  const { set, personal } = mergePatches(changes, root.id).get(root.id) ?? {};
  // Nobody has values yet that those of the maker could lie over: his are everybody's.
  const properties = new Map([...initial, ...set ?? [], ...personal?.set ?? []]);
  try {
    const { value: made, revision } = await store.write(id, await writeLimits(engine, resource), async (tx) => {
      await guardCollection(request, tx, { rebound: [[]] });
      return tx.createCollection(root.id, { segment: nameOf(resource), kind: 'calendar', properties });
    });
    answer(http, 201, asksCtag(request) ? { ...NOT_CACHED, CTag: getctag({ ...root, id: made, revision }), 'Home-CTag': getctag({ ...root, revision }) } : NOT_CACHED);
  } catch (error) {
    throw error instanceof StoreError && error.code === 'exists' ? resourceMustBeNull() : fromStore(error, { 'too-many': () => maxCollections() });
  }
}

/** Whoever makes a calendar under a condition on its home is told what home and calendar are at (calendarserver-bulk-change §6). */
const asksCtag = ({ fields }: EngineRequest): boolean => fields.if?.some(({ conditions }) => conditions.some(({ token }) => token !== undefined && ctagOfToken(token) !== undefined)) === true;
