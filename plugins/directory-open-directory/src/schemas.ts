/** Preset and config together: what each kind is in this directory. */
import type { Clock } from '@kalends/contracts';
import { SettingError, together } from '@kalends/kernel';
import { checkDn, join, readFilter } from '@kalends/lib-ldap';
import type { LdapEntry, MemberAttribute, RecordFacts, RecordSchema } from '@kalends/lib-ldap';
import type { Config, GroupFields, PlaceFields, UserFields } from './config.ts';
import { factAttributes, groupFacts, placeFacts, userFacts } from './facts.ts';
import { plainPlace, presets } from './presets.ts';

export interface Schemas {
  readonly schemas: readonly RecordSchema[]; readonly members: readonly MemberAttribute[];
  /** Attributes whose absence means that an account may come in. */ readonly shutOut: readonly string[];
}

/** Rooms and things before people: an entry that could be both is the rarer one. @throws SettingError, or several together */
export function readSchemas(config: Config, clock: Clock): Schemas {
  const preset = presets[config.preset];
  const users: UserFields = { ...preset.users, ...config.users };
  const groups: GroupFields | undefined = config.groups === false ? undefined : { ...preset.groups, ...config.groups };
  const now = (): number => clock.now() / 1000;
  const schemas = together(
    () => { checkDn(config.base, ['base']); },
    () => places('location', config.locations, preset.locations, config.base, users.id),
    () => places('resource', config.resources, preset.resources, config.base, users.id),
    () => (groups === undefined ? [] : [schemaOf('group', groups, config.base, (entry) => groupFacts(groups, entry))]),
    () => [schemaOf('user', users, config.base, (entry) => userFacts(users, entry, now()))],
  ).flatMap((some) => some ?? []);
  const shutOut = [users.disabled?.attribute, users.expires, users.locked].filter((attribute) => attribute !== undefined);
  return { schemas: withDigests(schemas, config.digest), members: groups?.members ?? [], shutOut };
}

function places(kind: 'location' | 'resource', given: PlaceFields | false | undefined, preset: PlaceFields | undefined, root: string, id: string | undefined): readonly RecordSchema[] {
  if (given === false || (given === undefined && preset === undefined)) return [];
  const base = preset ?? { ...plainPlace, id };
  const fields: PlaceFields = { ...base, ...given, schedule: { ...base.schedule, ...given?.schedule } };
  return [schemaOf(kind, fields, root, (entry) => placeFacts(fields, entry))];
}

function schemaOf(kind: RecordSchema['kind'], fields: UserFields & GroupFields & PlaceFields, root: string, facts: (entry: LdapEntry) => RecordFacts): RecordSchema {
  const { base = '', filter, id, names, 'display-name': displayName, emails = [], accounts = [] } = fields;
  if (filter === undefined || id === undefined || names === undefined || displayName === undefined) {
    throw new SettingError([`${kind}s`], 'needs at least base, filter, id and names, for the preset has none', { remedy: 'docs/directories.md has an example' });
  }
  checkDn(base, [`${kind}s`, 'base']);
  return {
    kind, base: join(base, root), filter: readFilter(filter, [`${kind}s`, 'filter']), id: { attribute: id, form: 'text' }, names, accounts, displayName,
    emails: emails.map((attribute) => ({ attribute })), firstName: fields['first-name'], lastName: fields['last-name'], more: factAttributes(fields), facts,
  };
}

/** Secrets come with the entries of users, and only where the config says so. */
function withDigests(schemas: readonly RecordSchema[], digest: Config['digest']): readonly RecordSchema[] {
  const attributes = [digest?.md5, digest?.['sha-256']].filter((attribute) => attribute !== undefined);
  return schemas.map((schema) => (schema.kind === 'user' ? { ...schema, more: [...schema.more, ...attributes] } : schema));
}
