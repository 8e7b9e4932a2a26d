import 'reflect-metadata';
import { inject, injectable } from 'tsyringe';
import { describe, expect, it } from 'vitest';
import type { Logger } from '../plugin/define-plugin.ts';
import { buildFrom, openScope } from './scope.ts';

const log = {} as Logger;
const lifecycle = { onStart() {}, onStop() {}, health() {} };

class Greeter {
  readonly words: string;
  constructor(greeting: string, config: { readonly name: string }) {
    this.words = `${greeting}, ${config.name}`;
  }
}
// What the decorators of a constructor do, written by hand: this package is compiled without them.
inject('greeting')(Greeter, undefined, 0);
inject('config')(Greeter, undefined, 1);
injectable()(Greeter);

describe('openScope', () => {
  it('gives a plugin its config and declared dependencies, frozen', () => {
    const context = openScope({ config: { name: 'Ada' }, deps: { greeting: 'Hello' }, log, lifecycle });
    expect(context).toMatchObject({ config: { name: 'Ada' }, deps: { greeting: 'Hello' } });
    expect([Object.isFrozen(context), Object.isFrozen(context.deps)]).toEqual([true, true]);
  });

  it('builds a class from this plugin\'s scope and from no other\'s', () => {
    const one = openScope({ config: { name: 'Ada' }, deps: { greeting: 'Hello' }, log, lifecycle });
    const other = openScope({ config: { name: 'Bob' }, deps: {}, log, lifecycle });
    expect(buildFrom(one, Greeter).words).toBe('Hello, Ada');
    expect(() => buildFrom(other, Greeter)).toThrow(/greeting/);
    expect(() => buildFrom({ ...one }, Greeter)).toThrow(TypeError);
  });
});
