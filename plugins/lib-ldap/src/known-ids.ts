/** Which ids are somebody's, many in one question, whatever case the directory compares them in. Nothing else of the entries is read. */
import type { PrincipalId } from '@kalends/contracts';
import { every, some } from './filters.ts';
import type { LdapPool } from './pool.ts';
import { idFilter, idOf, octetsOf } from './record-schema.ts';
import type { RecordSchema } from './record-schema.ts';

/** Values in one filter. */
const AT_ONCE = 100;

/** Who has one of `ids` among this kind; ids in lower case. */
export async function idsAmong(pool: LdapPool, schema: RecordSchema, ids: readonly PrincipalId[]): Promise<readonly { readonly id: string; readonly dn: string }[]> {
  const spellings = [...new Set(ids.flatMap((id) => (schema.id.form === 'guid' ? [id.toLowerCase()] : [id, id.toLowerCase(), id.toUpperCase()])))];
  const found: { readonly id: string; readonly dn: string }[] = [];
  for (let from = 0; from < spellings.length; from += AT_ONCE) {
    const filter = some(spellings.slice(from, from + AT_ONCE).map((id) => idFilter(schema, id)).filter((each) => each !== undefined));
    if (filter === undefined) continue;
    const question = { base: schema.base, filter: every(schema.filter, filter), attributes: [schema.id.attribute], octets: octetsOf(schema) };
    found.push(...await pool.collect(question, (entry) => {
      const id = idOf(schema, entry)?.toLowerCase();
      return id === undefined ? undefined : { id, dn: entry.dn };
    }));
  }
  return found;
}
