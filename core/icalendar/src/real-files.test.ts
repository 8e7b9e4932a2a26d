/** Files as programs really write them: our own small set always, and the big collection where it lies beside the repository. */
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { NOW, fixtures, text, utc } from '../fixtures/given.ts';
import { expandOctets } from './expand.ts';
import { COVER_AHEAD_SECONDS, deriveFacts } from './facts.ts';
import { busySpans } from './freebusy.ts';
import { matcher } from './match.ts';
import { parse, parseJson } from './parse.ts';
import type { Problem } from './problem.ts';
import { describeProblem } from './problem.ts';
import { readObject } from './read-object.ts';
import { renderer, toJson } from './render.ts';
import { serialize } from './serialize.ts';
import { splitCalendar } from './split.ts';

const YEAR = { start: utc(2026, 1, 1), end: utc(2027, 1, 1) };

/** All the ways that an object goes. @throws nothing, whatever the octets are */
function digest(octets: Uint8Array): { readonly objects: number; readonly accepted: number; readonly problems: readonly Problem[] } {
  const { objects, problems } = splitCalendar(octets);
  const told: Problem[] = [...problems];
  let accepted = 0;
  for (const { octets: body } of objects) {
    const read = readObject(body, { now: NOW });
    const derived = read.object === undefined ? undefined : deriveFacts(read.object, NOW + COVER_AHEAD_SECONDS);
    if (read.object === undefined || derived?.facts === undefined) {
      told.push(...(read.problems ?? derived?.problems ?? []));
      continue;
    }
    // The first ones of a file stand for the rest of it.
    if (accepted++ < 10) useAll(read.object.octets, derived.facts);
  }
  readObject(octets, { now: NOW });
  return { objects: objects.length, accepted, problems: told };
}

/** What is accepted must serve every reader. */
function useAll(body: Uint8Array, facts: NonNullable<ReturnType<typeof deriveFacts>['facts']>): void {
  expect(facts.bounds.start).toBeLessThan(facts.bounds.end);
  for (const kind of ['VEVENT', 'VTODO']) {
    const { test } = matcher({ name: 'VCALENDAR', properties: [], components: [{ name: kind, range: YEAR, properties: [], components: [] }] });
    const quick = test({ facts, component: parse(body).object!.component });
    if (quick !== 'needs-body') expect(test({ body })).toBe(quick);
  }
  for (const some of [facts, undefined]) {
    // Ten thousand instances are more than one object may have.
    const expanded = expandOctets(body, some, YEAR, undefined);
    if (expanded.length < 1_000_000) expect(parse(expanded).problems).toBeUndefined();
  }
  expect(busySpans({ facts, body }, YEAR)).toBeInstanceOf(Array);
  if (body.length < 3000) expect(parseJson(toJson(body)).problems).toBeUndefined();
  const trimmed = renderer({ component: { name: 'VCALENDAR', properties: 'all', components: [{ name: 'VEVENT', properties: [{ name: 'UID', novalue: false }], components: 'all' }] } });
  expect(parse(trimmed.render(body, facts)).problems).toBeUndefined();
}

describe('files in the hand of many clients', () => {
  const REFUSED: Readonly<Record<string, string>> = {
    'no-such-day.ics': 'line 7: DTSTART "20260231T160000Z" is no date or time that exists (RFC 5545 §3.8.2.4)',
    'two-kinds.ics': 'line 9: VTODO beside VEVENT (RFC 4791 §4.1)',
    'google-export.ics': 'line 5: METHOD:PUBLISH in a stored object (RFC 4791 §4.1)',
  };
  it.each([...fixtures().keys()])('%s', (name) => {
    const octets = fixtures().get(name)!;
    const { problems, object } = readObject(octets, { now: NOW });
    expect(problems?.map(describeProblem)[0]).toBe(REFUSED[name]);
    if (object !== undefined && name !== 'sloppy-but-plain.ics') expect(text(object.octets)).toBe(text(octets));
    expect(digest(octets).accepted).toBe(name === 'no-such-day.ics' ? 0 : name === 'google-export.ics' || name === 'two-kinds.ics' ? 2 : 1);
  });

  it('writes every tree so that it reads back the same (RFC 5545 §3.1)', () => {
    for (const octets of fixtures().values()) {
      const object = parse(octets).object!;
      const bare = (component: typeof object.root): object => ({ name: component.name, properties: component.properties.map(({ name, parameters, value }) => ({ name, parameters: [...parameters], value })), components: component.components.map(bare) });
      const rebuilt = parse(serialize(strip(object.root))).object!;
      expect(bare(rebuilt.root)).toEqual(bare(object.root));
    }
  });
});

type Tree = NonNullable<ReturnType<typeof parse>['object']>['root'];
/** Without the octets it came from, so that every line is written by us. */
const strip = ({ name, properties, components }: Tree): Tree => ({ name, properties: properties.map((property) => ({ name: property.name, parameters: property.parameters, value: property.value })), components: components.map(strip) });

const collection = new URL('../../../../shared/data/ics/', import.meta.url).pathname;
if (!existsSync(collection)) console.warn('\n*** SKIPPED: the collection of real calendar files lies outside the repository and is not here ***\n');
describe.runIf(existsSync(collection))('the collection of real files', () => {
  const names = existsSync(collection) ? (readdirSync(collection, { recursive: true }) as string[]).filter((name) => name.endsWith('.ics')).sort() : [];

  it('is taken, or refused with rule and sentence, and never throws', () => {
    const totals = { objects: 0, accepted: 0 };
    for (const name of names) {
      const octets = readFileSync(join(collection, name));
      const { objects, accepted, problems } = digest(octets);
      totals.objects += objects;
      totals.accepted += accepted;
      // Whatever was left out was told.
      if (accepted < objects) expect([name, problems.length > 0]).toEqual([name, true]);
      for (const { rule, message } of problems) expect([name, /^(RFC \d+ §[\d.]+|limit)$/.test(rule), message.length > 5]).toEqual([name, true, true]);
    }
    expect(totals.accepted / totals.objects).toBeGreaterThan(0.9);
  });
});

describe('nonsense', () => {
  const files = [...fixtures().values()];

  it('of any octets neither throws nor hangs', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 400 }), (octets) => { digest(octets); }), { numRuns: 300 });
  });

  it('of broken files neither throws nor hangs', () => {
    const edits = fc.array(fc.record({ at: fc.nat(), size: fc.nat(30), insert: fc.oneof(fc.uint8Array({ maxLength: 8 }), fc.constantFrom('\r\n', ':', ';', '"', '\r\n ', 'BEGIN:VEVENT\r\n', 'END:VEVENT\r\n', 'RRULE:FREQ=DAILY\r\n', '-', '9999', 'T', ',', '=').map((piece) => Buffer.from(piece))) }), { minLength: 1, maxLength: 6 });
    fc.assert(fc.property(fc.constantFrom(...files), edits, (octets, changes) => {
      let mutated = Buffer.from(octets);
      for (const { at, size, insert } of changes) {
        const from = at % mutated.length;
        mutated = Buffer.concat([mutated.subarray(0, from), insert, mutated.subarray(from + size)]);
        if (mutated.length === 0) break;
      }
      digest(mutated);
    }), { numRuns: 1000 });
  });

  it('of jCal neither throws nor hangs (RFC 7265)', () => {
    fc.assert(fc.property(fc.oneof(fc.json(), fc.constantFrom(...files).map((octets) => text(toJson(octets)).replace(/"text"/, '"recur"').replace(/\d\d/, '"'))), (json) => {
      readObject(Buffer.from(json), { now: NOW, format: 'json' });
    }), { numRuns: 200 });
    expect(readObject(Buffer.from('["vcalendar",[],[["vevent",[["dtstart",{},"date-time",null]],[]]]]'), { now: NOW, format: 'json' }).problems).toHaveLength(1);
  });
});
