/**
 * What a server-like child writes down before it asks the store for a change and after it was answered, straight into a file, so that a kill loses none of it;
 * and what follows from all of it for the store: the newest answered state of each name, and what an unanswered change may have left.
 */
import { readFileSync } from 'node:fs';

/** Of a name (`<collection id>/<name>`, `property <collection id>`, `place <collection id>`): an ETag or value, or null where nothing is. */
export type Effects = Readonly<Record<string, string | null>>;
export type Entry =
  /** `effects` may name a state with `?`: whatever the store made of it. */ | { readonly began: number; readonly home: string; readonly effects: Effects; readonly counter?: string }
  | { readonly ended: number; readonly revision: number; readonly effects: Effects; readonly count?: number }
  | { readonly refused: number };

export interface Expected {
  /** Home → name → the states it may have: the newest answered one, and those of unanswered changes. */ readonly states: ReadonlyMap<string, ReadonlyMap<string, ReadonlySet<string | null>>>;
  readonly answered: number;
  /** Every ETag that some change was to store, answered or not. */ readonly everStored: ReadonlySet<string>;
  /** What contradicts itself in the answers alone, in sentences. */ readonly wrong: readonly string[];
  /** Counter → its highest answered value, and how many unanswered changes may have raised it. */ readonly counters: ReadonlyMap<string, { readonly highest: number; readonly open: number }>;
}

export function expectedFrom(logs: readonly string[]): Expected {
  const answers: { readonly home: string; readonly revision: number; readonly effects: Effects }[] = [];
  const unanswered: { readonly home: string; readonly effects: Effects; readonly counter: string | undefined }[] = [];
  const counts = new Map<string, number[]>();
  const everStored = new Set<string>();
  for (const log of logs) {
    const began = new Map<number, Extract<Entry, { readonly began: number }>>();
    for (const entry of readEntries(log)) {
      if ('effects' in entry) for (const state of Object.values(entry.effects)) if (state !== null) everStored.add(state);
      if ('began' in entry) began.set(entry.began, entry);
      else if ('refused' in entry) began.delete(entry.refused);
      else {
        const { home, counter } = began.get(entry.ended)!;
        began.delete(entry.ended);
        answers.push({ home, revision: entry.revision, effects: entry.effects });
        if (counter !== undefined) counts.set(counter, [...(counts.get(counter) ?? []), entry.count!]);
      }
    }
    unanswered.push(...[...began.values()].map(({ home, effects, counter }) => ({ home, effects, counter })));
  }
  const wrong = [...contradictions(answers), ...[...counts].flatMap(([counter, values]) => duplicates(values).map((value) => `${counter} was ${value} twice`))];
  const counters = new Map([...counts].map(([counter, values]) => [counter, { highest: Math.max(...values), open: unanswered.filter((each) => each.counter === counter).length }]));
  return { states: statesFrom(answers, unanswered), answered: answers.length, everStored, wrong, counters };
}

function statesFrom(answers: readonly { readonly home: string; readonly revision: number; readonly effects: Effects }[], unanswered: readonly { readonly home: string; readonly effects: Effects }[]): Expected['states'] {
  const states = new Map<string, Map<string, Set<string | null>>>();
  const of = (home: string): Map<string, Set<string | null>> => {
    if (!states.has(home)) states.set(home, new Map());
    return states.get(home)!;
  };
  for (const { home, effects } of [...answers].sort((a, b) => a.revision - b.revision)) for (const [name, state] of Object.entries(effects)) of(home).set(name, new Set([state]));
  for (const { home, effects } of unanswered) {
    for (const [name, state] of Object.entries(effects)) of(home).set(name, new Set([...(of(home).get(name) ?? [null]), state]));
  }
  return states;
}

/** A folder that is moved to where it is already is no change, so such an answer has no revision of its own. */
function contradictions(answers: readonly { readonly home: string; readonly revision: number; readonly effects: Effects }[]): readonly string[] {
  const changes = answers.filter(({ effects }) => Object.keys(effects).every((name) => !name.startsWith('place ')));
  return [...Map.groupBy(changes, ({ home }) => home)].flatMap(([home, those]) => duplicates(those.map(({ revision }) => revision)).map((revision) => `revision ${revision} of ${home} was answered twice`));
}
function duplicates(values: readonly number[]): readonly number[] {
  return values.filter((value, at) => values.indexOf(value) !== at);
}

function readEntries(path: string): readonly Entry[] {
  const lines = readFileSync(path, 'utf8').split('\n');
  // The last line is empty, or was cut by the kill.
  return lines.slice(0, -1).map((line) => JSON.parse(line) as Entry);
}
