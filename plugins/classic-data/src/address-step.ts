/**
 * ORGANIZER, ATTENDEE and VOTER of people whom the directory knows are stored as `urn:x-uid:<id>`, with CN, EMAIL and CUTYPE as the directory has them, so that a
 * renamed person stays who he is in old events. Unknown addresses stay as they came, and so does everything in alarms.
 */
import type { Directory, ItemDraft, Principal, WriteStep } from '@kalends/contracts';
import { CalendarObject, type Component, makeProperty, parameter, type Property, withComponents, withProperties } from '@kalends/icalendar';

const ADDRESSED: ReadonlySet<string> = new Set(['ORGANIZER', 'ATTENDEE', 'VOTER']);
/** RFC 5545 §3.2.3; people are INDIVIDUAL, which is the default and not said. */
const TYPES: Readonly<Record<Principal['kind'], string | undefined>> = { user: undefined, group: 'GROUP', location: 'ROOM', resource: 'RESOURCE' };

type Known = ReadonlyMap<string, Principal | undefined>;

export function addressStep(directory: Pick<Directory, 'findByAddress'>): WriteStep<Known> {
  return {
    name: 'canonical-addresses', phase: 'normalize',

    async prepare({ after }: ItemDraft): Promise<Known> {
      const addresses = after instanceof CalendarObject ? addressesOf(after) : new Set<string>();
      return new Map(await Promise.all([...addresses].map(async (address) => [address, await directory.findByAddress(address)] as const)));
    },

    apply(draft: ItemDraft, known: Known): ItemDraft | 'prepare-again' {
      const { after } = draft;
      if (!(after instanceof CalendarObject)) return draft;
      for (const address of addressesOf(after)) if (!known.has(address)) return 'prepare-again';
      const edited = after.edited(withEach(after.root, (component) => canonical(component, known)));
      return edited === after ? draft : { ...draft, after: edited, amended: true };
    },
  };
}

function addressesOf({ parts }: CalendarObject): ReadonlySet<string> {
  return new Set(parts.flatMap(({ properties }) => properties.filter(({ name }) => ADDRESSED.has(name)).map(({ value }) => value)));
}

/** The same root where nothing changes. */
export function withEach(root: Component, edit: (component: Component) => Component): Component {
  let changed = false;
  const components = root.components.map((component) => {
    const edited = component.name === 'VTIMEZONE' ? component : edit(component);
    changed ||= edited !== component;
    return edited;
  });
  return changed ? withComponents(root, components) : root;
}

function canonical(component: Component, known: Known): Component {
  let changed = false;
  const properties = component.properties.map((property) => {
    const principal = ADDRESSED.has(property.name) ? known.get(property.value) : undefined;
    if (principal === undefined) return property;
    const edited = asKnown(property, principal);
    changed ||= edited !== property;
    return edited;
  });
  return changed ? withProperties(component, properties) : component;
}

function asKnown(property: Property, principal: Principal): Property {
  const { value } = property;
  const wanted: Readonly<Record<string, string | undefined>> = { CN: principal.displayName === '' ? undefined : principal.displayName, EMAIL: emailOf(property, principal), CUTYPE: TYPES[principal.kind] };
  const address = addressOf(principal);
  if (value === address && Object.entries(wanted).every(([name, text]) => parameter(property, name) === text)) return property;
  const parameters = new Map(property.parameters);
  for (const [name, text] of Object.entries(wanted)) {
    if (text === undefined) parameters.delete(name);
    else parameters.set(name, [text]);
  }
  return makeProperty(property.name, address, parameters);
}

export const addressOf = ({ id }: Principal): string => `urn:x-uid:${id}`;

/** One of his that the client named stays; else the one it wrote to, else his first. */
function emailOf(property: Property, { emails }: Principal): string | undefined {
  const his = (email: string | undefined): boolean => email !== undefined && emails.some((each) => each.toLowerCase() === email.toLowerCase());
  const given = parameter(property, 'EMAIL');
  if (his(given)) return given;
  const written = /^mailto:(.*)$/i.exec(property.value)?.[1];
  return his(written) ? written : emails[0];
}
