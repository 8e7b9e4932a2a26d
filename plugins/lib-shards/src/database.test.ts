import { describe, expect, it } from 'vitest';
import { Database } from './database.ts';

describe('a statement', () => {
  it('stores octets that are none as such, wherever they came from: on no release are they NULL', () => {
    const database = new Database(':memory:');
    database.exec('CREATE TABLE body (item INTEGER PRIMARY KEY, octets BLOB NOT NULL)');
    for (const octets of [new Uint8Array(0), structuredClone(new Uint8Array(0)), Buffer.alloc(0), new Uint8Array(new ArrayBuffer(0))]) {
      database.statement('INSERT INTO body (octets) VALUES (?)').run(octets);
    }
    expect(database.statement('SELECT typeof(octets), length(octets) FROM body').all()).toEqual(Array.from({ length: 4 }, () => ['blob', 0]));
    expect(database.statement('SELECT octets FROM body WHERE item = ?').get(1)?.[0]).toEqual(new Uint8Array(0));
    database.close();
  });
});
