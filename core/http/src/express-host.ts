/**
 * The one Express application: health, the REST APIs of the admin, and the pages of Express features, each under its prefix. DAV never passes through it, so
 * where no plugin has pages Express is loaded with the first question about health: it takes 15 MB of a process and a fifth of its start.
 */
import type { AdminApi, HttpFeature, Inspector } from '@kalends/contracts';
import type { Logger } from '@kalends/kernel';
import type { Express, NextFunction, Request, RequestHandler, Response } from 'express';
import { isRefusal } from './authentication.ts';
import type { Authentication } from './authentication.ts';
import { noteRight } from './exchange.ts';
import { exchangeOf, hasPrefix } from './front.ts';

export interface ExpressHostParts {
  readonly features: readonly HttpFeature[]; readonly adminApis: readonly AdminApi[];
  readonly authentication: Authentication; readonly inspector: Inspector; readonly log: Logger;
}

export class ExpressHost {
  readonly #parts: ExpressHostParts;
  readonly #prefixes: readonly string[];
  #made: Promise<Express> | undefined;

  private constructor(parts: ExpressHostParts) {
    this.#parts = { ...parts, features: parts.features.filter(({ kind }) => kind === 'express').sort((one, other) => other.prefix.length - one.prefix.length) };
    this.#prefixes = [...this.#parts.features.map(({ prefix }) => prefix).filter((prefix) => prefix !== '/'), ...parts.adminApis.map((api) => adminPrefix(api)), '/health'];
  }

  /** Rejects with what a plugin throws when its pages are mounted. */
  static async open(parts: ExpressHostParts): Promise<ExpressHost> {
    const host = new ExpressHost(parts);
    if (host.#parts.features.length > 0 || parts.adminApis.length > 0) await host.#make();
    return host;
  }

  readonly app: RequestHandler = (request, response, next) => {
    this.#make().then((app) => { app(request, response, next); }, next);
  };

  #make(): Promise<Express> {
    return this.#made ??= makeApplication(this.#parts);
  }

  /** Also where a DAV feature has `/`. */
  serves(path: string): boolean {
    return this.#prefixes.some((prefix) => hasPrefix(path, prefix));
  }
}

async function makeApplication({ features, adminApis, authentication, inspector, log }: ExpressHostParts): Promise<Express> {
  const { default: express } = await import('express');
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  mountHealth(app, inspector);
  for (const api of adminApis) {
    const router = express.Router();
    api.mount(router);
    app.use(adminPrefix(api), adminsOnly(authentication), router);
  }
  for (const feature of features) if (feature.kind === 'express') app.use(feature.prefix, feature.router);
  app.use((_request, response) => { plain(response, 404, 'There is nothing here.'); });
  app.use((error: unknown, request: Request, response: Response, next: NextFunction) => { fail(log, error, request, response, next); });
  return app;
}

function adminPrefix({ name, version }: AdminApi): string {
  return `/admin/${name}/v${version}`;
}

/** Liveness is that this answers; readiness is that every plugin started and is healthy, and that no stop has begun. Neither tells a stranger why. */
function mountHealth(app: Express, inspector: Inspector): void {
  app.get('/health/live', (_request, response) => { plain(response, 200, 'live'); });
  app.get('/health/ready', async (_request, response) => {
    const ready = inspector.ready() && (await inspector.health()).every(({ ok }) => ok);
    plain(response, ready ? 200 : 503, ready ? 'ready' : 'not ready');
  });
}

function adminsOnly(authentication: Authentication): RequestHandler {
  return async (request, response, next) => {
    const exchange = exchangeOf(request);
    const outcome = await authentication.identify(exchange);
    const refusal = isRefusal(outcome) ? outcome : outcome.principal === undefined ? { challenges: await authentication.challenge(exchange) } : undefined;
    if (refusal !== undefined) {
      const { challenges, status = 401, retryAfterSeconds } = refusal as Exclude<typeof refusal, undefined> & { readonly status?: number; readonly retryAfterSeconds?: number };
      if (retryAfterSeconds !== undefined) response.setHeader('Retry-After', String(retryAfterSeconds));
      if (status === 401 && challenges.length > 0) response.setHeader('WWW-Authenticate', challenges);
      problem(response, status, 'Log in as an administrator.', exchange.id);
      return;
    }
    if (!isRefusal(outcome) && outcome.admin && outcome.principal !== undefined) {
      noteRight(exchange, { as: 'admin', principal: outcome.principal });
      next();
    } else problem(response, 403, 'This is for administrators.', exchange.id);
  };
}

function fail(log: Logger, error: unknown, request: Request, response: Response, next: NextFunction): void {
  const status = statusOf(error);
  const { id } = exchangeOf(request);
  if (status >= 500) log.error('a request failed', { request: id, error: error instanceof Error ? error.stack : String(error) });
  if (response.headersSent) next(error);
  else problem(response, status, status >= 500 ? 'Something failed here.' : error instanceof Error ? error.message : 'The request cannot be understood.', id);
}

/** Express and its middleware put a status on errors that the client caused. */
function statusOf(error: unknown): number {
  const { status } = (typeof error === 'object' && error !== null ? error : {}) as { readonly status?: unknown };
  return typeof status === 'number' && status >= 400 && status < 600 ? status : 500;
}

/** RFC 9457. */
function problem(response: Response, status: number, title: string, id: string): void {
  const body = JSON.stringify({ title, status, instance: id });
  response.writeHead(status, { 'Content-Type': 'application/problem+json', 'Content-Length': Buffer.byteLength(body) });
  response.end(body);
}

function plain(response: Response, status: number, text: string): void {
  response.writeHead(status, { 'Content-Type': 'text/plain; charset=utf-8', 'Content-Length': Buffer.byteLength(text) + 1, 'Cache-Control': 'no-store' });
  response.end(`${text}\n`);
}
