import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { shippedConfig, usualConfig } from './config-files.ts';
import { configSchema, limitsOf } from './config-schema.ts';
import { configJsonSchema } from './json-schema.ts';
import { readConfig } from './start-server.ts';

describe('the config', () => {
  it('says in default.yaml what the schema says by itself', () => {
    const { plugins: _, ...sections } = parse(readFileSync(shippedConfig('default.yaml'), 'utf8')) as Record<string, unknown>;
    expect(configSchema.parse(sections)).toEqual(configSchema.parse({}));
  });

  it('reads sizes, spans and counts as people write them', () => {
    const { limits } = configSchema.parse({ limits: { 'home-octets': '512 KiB', 'resource-octets': 77, 'query-past': '2y', 'query-future': '90d', 'query-results': 5, attendees: 'none' } });
    expect(limitsOf(limits)).toMatchObject({ homeOctets: 524_288, resourceOctets: 77, queryPast: 63_115_200, queryFuture: 7_776_000, queryResults: 5, attendees: Infinity });
    for (const wrong of ['2 GB', '-1', '1.5GiB', 'plenty', -1]) expect(configSchema.safeParse({ limits: { 'home-octets': wrong } }).success).toBe(false);
  });

  it('has a schema.json that is fresh (npm run schema --workspace @kalends/server)', async () => {
    expect(JSON.parse(readFileSync(shippedConfig('schema.json'), 'utf8'))).toEqual(await configJsonSchema());
  });

  it('spells every key of every plugin in one way: lower case, with hyphens', async () => {
    const names = (schema: unknown): readonly string[] => (typeof schema !== 'object' || schema === null ? [] : Object.entries(schema).flatMap(([key, value]) => [
      ...(key === 'properties' ? Object.keys(value as object) : []), ...names(value),
    ]));
    const all = names(await configJsonSchema());
    expect(all).toContain('nonce-seconds');
    expect(all.filter((name) => !/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/.test(name))).toEqual([]);
  });

  it('has no problem in the laptop example', () => {
    expect(readConfig({ file: shippedConfig('examples/laptop.yaml'), environment: {} }).problems).toEqual([]);
  });
});

describe('usualConfig', () => {
  it('takes the named file, then one that exists, then the trial set-up', () => {
    expect(usualConfig({ KALENDS_CONFIG: '/x.yaml' }, [])).toBe('/x.yaml');
    expect(usualConfig({}, ['/nonexistent/a.yaml', shippedConfig('default.yaml')])).toBe(shippedConfig('default.yaml'));
    expect(usualConfig({}, [])).toBe(shippedConfig('examples/laptop.yaml'));
  });
});
