/**
 * Setting and removing properties: first every plan, then all changes together or none. PROPPATCH, MKCOL and MKCALENDAR differ only in what they do with the
 * outcome.
 */
import type { CollectionId, CollectionPatch, DavRequest, PropertyChange, PropertyRow, QName, RecordOperation, StoreWriter, XmlNode } from '@kalends/contracts';
import { WRITE_CONTENT, WRITE_PROPERTIES } from '@kalends/contracts';
import { STATUS_CODES } from 'node:http';
import { engineOf } from '../engine.ts';
import { DavError } from '../errors/dav-error.ts';
import { fromStore } from '../errors/from-store.ts';
import { badRequest, cannotModifyProtectedProperty, forbidden } from '../errors/preconditions.ts';
import { writeErrorElement } from '../errors/write-error.ts';
import { isItemKind } from '../resource/shape.ts';
import { MAX_PERSONAL_LENGTH, MAX_PROPERTIES_LENGTH, MAX_PROPERTY_LENGTH } from '../xml/limits.ts';
import { clark, dav, isNamed } from '../xml/names.ts';
import type { Element } from '../xml/read.ts';
import { xmlOf } from '../xml/write.ts';
import type { XmlWriter } from '../xml/write.ts';
import { takesDead } from './stored.ts';

/** `value` undefined: remove. */
export interface Instruction { readonly name: QName; readonly value: Element | undefined; /** `xml:lang` in scope. */ readonly language?: string | undefined }
/** One outcome a name, in the order of the request; `error` undefined: would do. */
export interface PropertyOutcome { readonly name: QName; readonly error: DavError | undefined }
export interface PlannedChanges { readonly changes: readonly PropertyChange[]; readonly outcomes: readonly PropertyOutcome[]; readonly failed: boolean }

/**
 * The instructions of DAV:propertyupdate, DAV:mkcol, CALDAV:mkcalendar: DAV:set and DAV:remove, in their order (RFC 4918 §9.2).
 * @throws DavError 400
 */
export function readInstructions(body: Element): readonly Instruction[] {
  const instructions: Instruction[] = [];
  for (const update of body.children) {
    const remove = isNamed(update.name, 'DAV:', 'remove');
    if (!remove && !isNamed(update.name, 'DAV:', 'set')) continue;
    const props = update.children.filter(({ name }) => isNamed(name, 'DAV:', 'prop'));
    if (props.length !== 1) throw badRequest('Each DAV:set and DAV:remove holds one DAV:prop.');
    const language = props[0]!.attribute('xml:lang') ?? update.attribute('xml:lang') ?? body.attribute('xml:lang');
    for (const property of props[0]!.children) instructions.push({ name: property.name, value: remove ? undefined : property, language });
  }
  return instructions;
}

/** `creating`: properties that can be set only when something is made may be set, and privileges were checked for the making. */
export async function planChanges(request: DavRequest, row: PropertyRow, instructions: readonly Instruction[], creating: boolean): Promise<PlannedChanges> {
  const changes: PropertyChange[] = [];
  const outcomes = new Map<string, PropertyOutcome>();
  let failed = false;
  for (const instruction of instructions) {
    const { name } = instruction;
    let error: DavError | undefined;
    try {
      changes.push(await planOne(request, row, instruction, creating));
    } catch (thrown) {
      const told = fromStore(thrown);
      if (!(told instanceof DavError)) throw thrown;
      error = told;
      failed = true;
    }
    const key = clark(name);
    if (error !== undefined || !outcomes.has(key)) outcomes.set(key, { name, error });
  }
  checkRoom(row, creating, changes);
  return { changes, outcomes: [...outcomes.values()], failed };
}

/** @throws DavError 507 (RFC 4918 §9.2.1): the properties are part of a row that every request reads */
function checkRoom({ resource, item, access }: PropertyRow, creating: boolean, changes: readonly PropertyChange[]): void {
  const stored = resource.share ?? resource.collection;
  if (item !== undefined || stored === undefined) return;
  const changesContent = creating || (access & WRITE_CONTENT) !== 0;
  const patch = mergePatches(changes, stored.id).get(stored.id);
  // Who changes nothing else leaves half of the room to those who do.
  if ((patch?.set?.size ?? 0) > 0) checkLength(overlaid(stored.properties, patch?.set, patch?.remove), changesContent ? MAX_PROPERTIES_LENGTH : MAX_PROPERTIES_LENGTH / 2);
  const mine = patch?.personal;
  // Apart from those for all, so that nobody fills up what is another's.
  if ((mine?.set?.size ?? 0) > 0) checkLength(overlaid(stored.personal.get(mine!.principal), mine!.set, mine!.remove), MAX_PERSONAL_LENGTH);
}

function overlaid(values: Values, set: Values, remove: readonly string[] = []): ReadonlyMap<string, string> {
  return new Map([...[...(values ?? [])].filter(([key]) => !remove.includes(key)), ...(set ?? [])]);
}

function checkLength(values: ReadonlyMap<string, string>, most: number): void {
  let length = 0;
  for (const [key, value] of values) length += key.length + value.length;
  if (length > most) throw new DavError(507, { detail: `The properties of one resource may have ${most} characters in all.` });
}

async function planOne(request: DavRequest, row: PropertyRow, { name, value, language }: Instruction, creating: boolean): Promise<PropertyChange> {
  const { engine, need, href } = pick(request);
  const { kind } = row.resource;
  const key = clark(name);
  const property = engine.properties.find(kind, key);
  if (property !== undefined) {
    const { change } = property;
    if (change === undefined || (change.atCreationOnly === true && !creating)) throw cannotModifyProtectedProperty();
    if (!creating) need(row.access, change.requires, href);
    return change.plan(value as XmlNode | undefined, row, request);
  }
  if (!takesDead(kind)) throw forbidden('Resources like this one take no properties of the client\'s own.');
  if (!creating) need(row.access, WRITE_PROPERTIES, href);
  const xml = value === undefined ? undefined : xmlOf(value, language);
  // RFC 4918 §9.2.1 names this status.
  if (xml !== undefined && xml.length > MAX_PROPERTY_LENGTH) throw new DavError(507, { detail: `A property may have ${MAX_PROPERTY_LENGTH} characters at most.` });
  const set = new Map(xml === undefined ? [] : [[key, xml]]);
  const remove = xml === undefined ? [key] : [];
  if (isItemKind(kind)) {
    // Of items there are no values of one's own.
    if (!creating) need(row.access, WRITE_CONTENT, href);
    return { in: 'item', set, remove };
  }
  if (row.resource.collection === undefined) throw forbidden('Nothing is stored of this resource that could keep a property.');
  // State of the resource, the same for everybody, whoever has the privilege that RFC 3744 §3.3 gives for it.
  return { in: 'collection', patch: { set, remove } };
}

/**
 * Of live properties: who may set properties but change nothing else, as a delegate who reads, sets them for himself alone: they lie over those for all (2.8 of
 * the plan). Dead ones are everybody's.
 */
export function collectionChange({ resource, access, identity: { principal } }: PropertyRow, set: ReadonlyMap<string, string>, remove: readonly string[]): PropertyChange {
  const forAll = principal === undefined || principal === resource.owner || (access & WRITE_CONTENT) !== 0;
  return { in: 'collection', patch: forAll ? { set, remove } : { personal: { principal, set, remove } } };
}

function pick(request: DavRequest): { readonly engine: ReturnType<typeof engineOf>['engine']; readonly href: string; need(has: number, privileges: number, href: string): void } {
  const whole = engineOf(request);
  return { engine: whole.engine, href: whole.href, need: (has, privileges, href) => { whole.need(has, privileges, href); } };
}

/** All changes as one a collection, later instructions over earlier ones. */
export function mergePatches(changes: readonly PropertyChange[], self: CollectionId): ReadonlyMap<CollectionId, CollectionPatch> {
  const merged = new Map<CollectionId, CollectionPatch>();
  for (const change of changes) {
    if (change.in !== 'collection') continue;
    const id = change.of ?? self;
    merged.set(id, mergePatch(merged.get(id) ?? {}, change.patch));
  }
  return merged;
}

function mergePatch(one: CollectionPatch, other: CollectionPatch): CollectionPatch {
  const both = mergeValues(one.set, one.remove, other.set, other.remove);
  const personal = one.personal === undefined || other.personal === undefined
    ? other.personal ?? one.personal
    : { principal: other.personal.principal, ...mergeValues(one.personal.set, one.personal.remove, other.personal.set, other.personal.remove) };
  const acl = other.acl ?? one.acl;
  return { ...both, ...(acl === undefined ? {} : { acl }), ...(personal === undefined ? {} : { personal }) };
}

type Values = ReadonlyMap<string, string> | undefined;
function mergeValues(set: Values, remove: readonly string[] | undefined, later: Values, gone: readonly string[] | undefined): { readonly set: ReadonlyMap<string, string>; readonly remove: readonly string[] } {
  const values = new Map([...(set ?? []), ...(later ?? [])]);
  for (const key of gone ?? []) values.delete(key);
  const removed = new Set([...(remove ?? []).filter((key) => later?.has(key) !== true), ...(gone ?? [])]);
  return { set: values, remove: [...removed] };
}

/** Inside the change of the row's home. */
export async function applyChanges(tx: StoreWriter, changes: readonly PropertyChange[], row: PropertyRow): Promise<void> {
  const self = (row.resource.share ?? row.resource.collection)?.id;
  if (self === undefined) return;
  for (const [id, patch] of mergePatches(changes, self)) await tx.updateCollection(id, patch);
  if (row.item === undefined) return;
  let dead: { readonly set: ReadonlyMap<string, string>; readonly remove: readonly string[] } | undefined;
  for (const change of changes) if (change.in === 'item') dead = mergeValues(dead?.set, dead?.remove, change.set, change.remove);
  if (dead === undefined) return;
  if (dead.set.size > 0) {
    const there = (await tx.findItem(self, row.item.name, { dead: 'all' }))?.dead ?? new Map<string, string>();
    checkLength(overlaid(there, dead.set, dead.remove), MAX_PROPERTIES_LENGTH);
  }
  await tx.setDead({ collection: self, name: row.item.name }, dead.set, dead.remove);
}

export function recordOperations(changes: readonly PropertyChange[]): readonly RecordOperation[] {
  return changes.flatMap((change) => (change.in === 'records' ? change.operations : []));
}

/**
 * The `DAV:propstat` elements of a request that sets properties: all 200 or, if one failed, the innocent 424 (RFC 4918 §9.2.1).
 */
export function writeOutcomes(xml: XmlWriter, outcomes: readonly PropertyOutcome[]): void {
  const failed = outcomes.some(({ error }) => error !== undefined);
  const innocent = outcomes.filter(({ error }) => error === undefined);
  if (innocent.length > 0 || outcomes.length === 0) writePropstat(xml, innocent.map(({ name }) => name), failed ? 424 : 200, undefined);
  for (const { name, error } of outcomes) if (error !== undefined) writePropstat(xml, [name], error.status, error);
}

function writePropstat(xml: XmlWriter, names: readonly QName[], status: number, error: DavError | undefined): void {
  xml.open(dav('propstat'));
  xml.open(dav('prop'));
  for (const name of names) xml.empty(name);
  xml.close();
  xml.leaf(dav('status'), `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? 'Unknown'}`);
  if (error !== undefined) {
    if (error.condition !== undefined) writeErrorElement(xml, error);
    xml.leaf(dav('responsedescription'), error.message);
  }
  xml.close();
}
