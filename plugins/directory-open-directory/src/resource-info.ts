/** apple-resource-info: what Open Directory's tools wrote about a room or a thing, as an XML property list. A broken one counts for nothing and harms nobody else. */
import { parse } from 'plist';

export interface ResourceInfo { readonly autoAccepts: boolean | undefined; readonly write: readonly string[]; readonly read: readonly string[] }

/** Apple's have less than two thousand; a megabyte would hold everybody up for seconds. */
const MOST_CHARACTERS = 65_536;
const NOTHING: ResourceInfo = { autoAccepts: undefined, write: [], read: [] };

export function readResourceInfo(text: string): ResourceInfo {
  // The parser complains on the console about what is cut off, and about entities, which it does not expand.
  if (text.length > MOST_CHARACTERS || text.includes('<!ENTITY') || !/^\s*<[?!p][\s\S]*<\/plist>\s*$/.test(text)) return NOTHING;
  let value: unknown;
  try {
    value = parse(text);
  } catch {
    return NOTHING;
  }
  const info = isDictionary(value) ? value['com.apple.WhitePagesFramework'] : undefined;
  if (!isDictionary(info)) return NOTHING;
  const accepts = info['AutoAcceptsInvitation'];
  return { autoAccepts: typeof accepts === 'boolean' ? accepts : undefined, write: idsIn(info['CalendaringDelegate']), read: idsIn(info['ReadOnlyCalendaringDelegate']) };
}

function isDictionary(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Tools leave the key in place with an empty text when nobody is meant. */
function idsIn(value: unknown): readonly string[] {
  return typeof value === 'string' && value !== '' ? [value] : [];
}
