/**
 * One DAV request: six stages in order, each a function in its own file that returns the request with more known about it, and one file for whatever goes wrong.
 * Read this first, then a stage.
 */
import type { HttpExchange } from '@kalends/contracts';
import type { Authentication } from '@kalends/http';
import type { EngineTables } from './engine-tables.ts';
import { admit } from './stages/admit.ts';
import { authorize } from './stages/authorize.ts';
import { dispatch } from './stages/dispatch.ts';
import { fail } from './stages/fail.ts';
import { identifyBy } from './stages/identify.ts';
import type { Admitted, Arrived, Authorized, Identified, Resolved, Stage } from './stages/passage.ts';
import { precondition } from './stages/precondition.ts';
import { resolve } from './stages/resolve.ts';

type Stages = readonly [
  Stage<Arrived, Admitted>, Stage<Admitted, Identified>, Stage<Identified, Resolved>, Stage<Resolved, Authorized>, Stage<Authorized, Authorized>, Stage<Authorized, Authorized>,
];

export class Pipeline {
  readonly #engine: EngineTables;
  readonly #authentication: Authentication;
  readonly #stages: Stages;

  constructor(engine: EngineTables, authentication: Authentication) {
    this.#engine = engine;
    this.#authentication = authentication;
    this.#stages = [admit, identifyBy(authentication), resolve, authorize, precondition, dispatch];
  }

  /** Never rejects: every request is answered, or its connection ends. */
  async handle(http: HttpExchange): Promise<void> {
    const arrived: Arrived = { http, engine: this.#engine, method: http.request.method ?? 'GET' };
    const [admit, identify, resolve, authorize, precondition, dispatch] = this.#stages;
    try {
      await dispatch(await precondition(await authorize(await resolve(await identify(await admit(arrived))))));
    } catch (error) {
      await fail(arrived, error, this.#authentication);
    }
  }
}
