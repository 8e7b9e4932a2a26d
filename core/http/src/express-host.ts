/**
 * The one Express application: health, the REST APIs of the admin, and the pages of Express features, each under its prefix. DAV never passes through it.
 */
import type { AdminApi, HttpFeature, Inspector } from '@kalends/contracts';
import type { Logger } from '@kalends/kernel';
import express from 'express';
import type { Express, NextFunction, Request, RequestHandler, Response } from 'express';
import { isRefusal } from './authentication.ts';
import type { Authentication } from './authentication.ts';
import { exchangeOf, hasPrefix } from './front.ts';

export interface ExpressHostParts {
  readonly features: readonly HttpFeature[]; readonly adminApis: readonly AdminApi[];
  readonly authentication: Authentication; readonly inspector: Inspector; readonly log: Logger;
}

export class ExpressHost {
  readonly app: Express;
  readonly #prefixes: readonly string[];

  constructor(parts: ExpressHostParts) {
    const app = express();
    app.disable('x-powered-by');
    app.disable('etag');
    const features = parts.features.filter((feature) => feature.kind === 'express').sort((one, other) => other.prefix.length - one.prefix.length);
    this.#prefixes = [...features.map(({ prefix }) => prefix).filter((prefix) => prefix !== '/'), ...parts.adminApis.map((api) => adminPrefix(api)), '/health'];
    mountHealth(app, parts.inspector);
    for (const api of parts.adminApis) {
      const router = express.Router();
      api.mount(router);
      app.use(adminPrefix(api), adminsOnly(parts.authentication), router);
    }
    for (const { prefix, router } of features) app.use(prefix, router);
    app.use((_request, response) => { plain(response, 404, 'There is nothing here.'); });
    app.use((error: unknown, request: Request, response: Response, next: NextFunction) => { fail(parts.log, error, request, response, next); });
    this.app = app;
  }

  /** Also where a DAV feature has `/`. */
  serves(path: string): boolean {
    return this.#prefixes.some((prefix) => hasPrefix(path, prefix));
  }
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
    if (!isRefusal(outcome) && outcome.admin) next();
    else problem(response, 403, 'This is for administrators.', exchange.id);
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
