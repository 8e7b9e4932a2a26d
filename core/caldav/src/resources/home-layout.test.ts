/** Which kind stands where in a home. */
import type { Collection, Located } from '@kalends/contracts';
import { describe, expect, it } from 'vitest';
import { componentsOf } from '../properties/component-set.ts';
import { transparencyOf } from '../properties/transparency.ts';
import { HOME_COLLECTIONS, kindAt } from './home-layout.ts';

const at = (kind: string, ...rest: string[]): string => kindAt({ collection: { kind }, rest } as unknown as Located);

describe('kindAt', () => {
  it('is the collection\'s where the path ends in one', () => {
    expect(['home', 'calendar', 'inbox', 'files'].map((kind) => at(kind))).toEqual(['home', 'calendar', 'inbox', 'files']);
  });

  it('is that of its members one level below', () => {
    expect([at('home', 'new'), at('calendar', 'a.ics'), at('inbox', 'm.ics'), at('notifications', 'n.xml'), at('files', 'f')]).toEqual(
      ['home-child', 'calendar-item', 'inbox-item', 'notification', 'file'],
    );
  });

  it('knows the leaves that no row stands for', () => {
    expect([at('home', 'freebusy'), at('calendar', ';add-member'), at('calendar', 'freebusy')]).toEqual(['free-busy-url', 'add-member', 'calendar-item']);
  });

  it('is nowhere deeper, and below what holds nothing', () => {
    expect([at('calendar', 'x', 'a.ics'), at('home', 'x', 'y'), at('outbox', 'a.ics')]).toEqual(['nowhere', 'nowhere', 'nowhere']);
  });
});

it('a new home has events, to-dos and the collections of R13', () => {
  expect(HOME_COLLECTIONS.map(({ segment, kind }) => `${segment}:${kind}`)).toEqual([
    'calendar:calendar', 'tasks:calendar', 'inbox:inbox', 'outbox:outbox', 'dropbox:files', 'notification:notifications',
  ]);
  const [events, tasks] = HOME_COLLECTIONS.map(({ properties }) => ({ properties, personal: new Map() }) as unknown as Collection);
  expect([componentsOf(events!), transparencyOf(events!)]).toEqual([['VEVENT'], 'opaque']);
  expect([componentsOf(tasks!), transparencyOf(tasks!)]).toEqual([['VTODO'], 'transparent']);
});
