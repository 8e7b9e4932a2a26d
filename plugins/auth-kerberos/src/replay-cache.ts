/**
 * Whether Kerberos can tell a ticket that was used before (MIT krb5, "replay cache"): looked at when the server starts, for without it each log-in would fail, or,
 * where somebody switched it off, whoever reads a token from the wire could use it again.
 */
import { accessSync, constants } from 'node:fs';
import { dirname } from 'node:path';
import { reasonOf } from '@kalends/kernel';

/** Of MIT krb5, where nothing else is said. */
const USUAL_FOLDER = '/var/tmp';

/** @throws Error with a remedy */
export function checkReplayCache(environment: Readonly<Record<string, string | undefined>>, platform = process.platform): void {
  for (const name of ['KRB5RCACHENAME', 'KRB5RCACHETYPE']) {
    if (/^none(?::|$)/.test(environment[name] ?? '')) throw new Error(`${name} is "${environment[name]!}", so Kerberos would take a ticket again that somebody replays; remove it from the environment`);
  }
  // Others keep it elsewhere, or in memory.
  if (platform !== 'linux' && platform !== 'freebsd') return;
  const named = /^(?:file2|dfl):(.*)$/.exec(environment['KRB5RCACHENAME'] ?? '');
  const folder = named?.[1] !== undefined && named[1] !== '' ? dirname(named[1]) : environment['KRB5RCACHEDIR'] ?? USUAL_FOLDER;
  try {
    accessSync(folder, constants.W_OK | constants.X_OK);
  } catch (error) {
    throw new Error(`Kerberos cannot keep its replay cache in ${folder}, and would refuse every ticket: ${reasonOf(error)}; let KRB5RCACHEDIR name a folder that the server's account may write to`, { cause: error });
  }
}
