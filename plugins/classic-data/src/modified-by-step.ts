/** An event without ORGANIZER in the calendar of a room or a resource tells who stored it last: X-CALENDARSERVER-MODIFIED-BY in each component. */
import type { Directory, ItemDraft, Principal, WriteContext, WriteStep } from '@kalends/contracts';
import { CalendarObject, findProperty, makeProperty, withProperties } from '@kalends/icalendar';
import { addressOf, withEach } from './address-step.ts';

const MODIFIED_BY = 'X-CALENDARSERVER-MODIFIED-BY';

/** Prepared: who is to be named; undefined in calendars of people. */
export function modifiedByStep(directory: Pick<Directory, 'findById'>): WriteStep<Principal | undefined> {
  return {
    name: 'modified-by', phase: 'normalize',

    async prepare(_draft: ItemDraft, { identity, resource }: WriteContext): Promise<Principal | undefined> {
      if (identity.principal === undefined || resource.owner === undefined) return undefined;
      const owner = await directory.findById(resource.owner);
      return owner?.kind === 'location' || owner?.kind === 'resource' ? directory.findById(identity.principal) : undefined;
    },

    apply(draft: ItemDraft, who: Principal | undefined): ItemDraft {
      const { after } = draft;
      if (who === undefined || draft.silent || !(after instanceof CalendarObject) || after.parts.some((part) => findProperty(part, 'ORGANIZER') !== undefined)) return draft;
      const [email] = who.emails;
      const note = makeProperty(MODIFIED_BY, addressOf(who), { CN: who.displayName, ...(email === undefined ? {} : { EMAIL: email }) });
      const root = withEach(after.root, (component) => withProperties(component, [...component.properties.filter(({ name }) => name !== MODIFIED_BY), note]));
      return { ...draft, after: after.edited(root), amended: true };
    },
  };
}
