import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { ConfigDocument } from './document.ts';
import { secret } from './secret.ts';
import { validate } from './validate.ts';

function complaints(schema: z.ZodType, value: unknown): readonly string[] {
  const document = new ConfigDocument({ with: value });
  document.setOrigin([], { kind: 'file', source: 'x.yaml', folder: '/', line: 1 });
  return validate(schema, value, document, ['with']).problems.map(({ path, message, remedy }) => `${path}: ${message}${remedy === undefined ? '' : ` → ${remedy}`}`);
}

describe('validate', () => {
  it('guesses which of the allowed words was meant, and says of a variable that it is empty', () => {
    const schema = z.strictObject({ preset: z.enum(['posix', 'freeipa']), password: secret() });
    const document = new ConfigDocument();
    document.set(['with', 'password'], '', { kind: 'file', source: 'a.yaml', folder: '/', line: 3, reference: '{ env: PW }' });
    const { problems } = validate(schema, { preset: 'poxix', password: '' }, document, ['with']);
    expect(problems.map(({ message, remedy }) => [message, remedy])).toEqual([['expected "posix" or "freeipa", got "poxix"', 'did you mean "posix"?'], ['expected a secret, got the value of { env: PW }, which is empty', undefined]]);
  });

  it('says in words what was expected', () => {
    const schema = z.strictObject({
      pool: z.int().min(1).max(200), ratio: z.number().gt(0), on: z.boolean(), mode: z.enum(['a', 'b', 'c']), url: z.url(), hosts: z.array(z.string()).min(1), text: z.string().min(1), map: z.strictObject({}),
    });
    expect(complaints(schema, { pool: 'many', ratio: -1, on: 'yes', mode: 'd', url: 'x', hosts: [], text: '', map: 3 })).toEqual([
      'with.pool: expected a whole number from 1 to 200, got "many"', 'with.ratio: expected a number above 0, got -1', 'with.on: expected true or false, got "yes"',
      'with.mode: expected "a", "b" or "c", got "d"', 'with.url: expected a URL, got "x"', 'with.hosts: expected a list of at least 1, got an empty list',
      'with.text: expected text that is not empty, got nothing between the quotes', 'with.map: expected a map of keys, got 3',
    ]);
  });

  it('says what is missing, with the field\'s own description', () => {
    expect(complaints(z.strictObject({ realm: z.string().min(1).describe('Shown to users.') }), {})).toEqual(['with.realm: is required: text that is not empty → Shown to users.']);
    expect(complaints(z.strictObject({ realm: z.string() }), undefined)).toEqual(['with.realm: is required: text']);
  });

  it('keeps an author\'s own words', () => {
    const schema = z.strictObject({ even: z.number().refine((value) => value % 2 === 0, 'must be even, since seats come in pairs') });
    expect(complaints(schema, { even: 3 })).toEqual(['with.even: must be even, since seats come in pairs']);
  });

  it('finds the branch of a union that was meant, and the path into lists', () => {
    const schema = z.strictObject({ rows: z.array(z.union([z.string(), z.strictObject({ name: z.string() })])) });
    expect(complaints(schema, { rows: ['a', { nmae: 'b' }] })).toEqual(['with.rows[1].name: is required: text', 'with.rows[1].nmae: unknown key → did you mean "name"?']);
    expect(complaints(schema, { rows: [7] })).toEqual(['with.rows[0]: expected text or a map of keys, got 7']);
  });

  it('lists the known keys when none is near', () => {
    expect(complaints(z.strictObject({ a: z.string().optional(), b: z.string().optional() }), { velocity: 1 })).toEqual(['with.velocity: unknown key → known here: a, b']);
    expect(complaints(z.strictObject({}), { x: 1 })).toEqual(['with.x: unknown key → nothing can be set here']);
  });

  it('quotes no secret, whatever is wrong with it', () => {
    const schema = z.strictObject({ password: secret().max(3), pins: z.array(secret()), either: z.union([secret(), z.number()]) });
    const said = complaints(schema, { password: 'hunter2', pins: ['hunter2', 5], either: ['hunter2'] }).join('\n');
    expect(said).toContain('with.password');
    expect(said).not.toContain('hunter2');
  });

  it('hands back secrets for the redactor', () => {
    const value = { password: 'hunter2hunter2', inner: [{ key: 'another-one' }], plain: 'x' };
    const schema = z.strictObject({ password: secret().optional(), inner: z.array(z.strictObject({ key: secret() })), plain: z.string() });
    expect(validate(schema, value, new ConfigDocument(), []).secrets).toEqual(['hunter2hunter2', 'another-one']);
  });

  it('turns a schema that throws into a problem', () => {
    const schema = z.string().transform(() => { throw new Error('boom'); });
    expect(complaints(schema, 'x')).toEqual(['with: could not be checked: boom']);
  });
});
