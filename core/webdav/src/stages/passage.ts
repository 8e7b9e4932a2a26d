/** A request on its way through the stages: each type has what the one before has, and more. Values are never edited, only followed by richer ones. */
import type { DavResource, HttpExchange, Identity, ItemSelect, MethodSpec, Privileges } from '@kalends/contracts';
import type { EngineTables } from '../engine-tables.ts';
import type { RequestFields } from '../fields.ts';

export interface Arrived {
  readonly http: HttpExchange; readonly engine: EngineTables;
  /** Upper case. */ readonly method: string;
}
export interface Admitted extends Arrived { readonly fields: RequestFields }
export interface Identified extends Admitted { readonly identity: Identity }
export interface Resolved extends Identified { readonly resource: DavResource; readonly selected: ItemSelect; readonly spec: MethodSpec }
export interface Authorized extends Resolved { readonly access: Privileges }

/** Throws what ends the request; `fail.ts` answers it. A stage that has answered itself throws `Answered`. */
export type Stage<From, To> = (passage: From) => Promise<To>;

/** The answer is out already (304, a redirect): nothing is left to do, and nothing went wrong. */
export class Answered extends Error {
  override readonly name = 'Answered';
  constructor() {
    super('the request is answered');
  }
}

/** Nobody asked for what needs somebody: 401 with every challenge. */
export class NeedsIdentity extends Error {
  override readonly name = 'NeedsIdentity';
  constructor() {
    super('this needs somebody');
  }
}
