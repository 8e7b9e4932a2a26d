/** Short name → package, one line each. A module is imported only when a deployment uses it. */
import type { Builtin, Builtins } from '@kalends/kernel';

const PACKAGES = {
  'app-passwords': '@kalends/app-passwords',
  'auth-any': '@kalends/auth-any',
  'auth-basic': '@kalends/auth-basic',
  'auth-digest': '@kalends/auth-digest',
  'auth-kerberos': '@kalends/auth-kerberos',
  'cache-keyv': '@kalends/cache-keyv',
  'channel-ipc': '@kalends/channel-ipc',
  'directory-active-directory': '@kalends/directory-active-directory',
  'classic-data': '@kalends/classic-data',
  'directory-file': '@kalends/directory-file',
  'directory-open-directory': '@kalends/directory-open-directory',
  'jobs-store': '@kalends/jobs-store',
  'storage-flat-file': '@kalends/storage-flat-file',
  'timezone-service': '@kalends/timezone-service',
} as const;

/** What every server runs, in the order of the graph read downwards. Configured by an instance of the same name, without `use`. */
const CORE = {
  directory: '@kalends/directory',
  authentication: '@kalends/http#authenticationPlugin',
  'authentication-failures': '@kalends/http#failuresPlugin',
  scheduling: '@kalends/scheduling#schedulingPlugin',
  caldav: '@kalends/caldav#caldavPlugin',
  principals: '@kalends/webdav#principalsPlugin',
  access: '@kalends/webdav#accessPlugin',
  webdav: '@kalends/webdav#webdavPlugin',
  'http-front': '@kalends/http#frontPlugin',
} as const;

function builtin(specifier: string): Builtin {
  return { specifier, from: import.meta.url };
}

export const builtins: Builtins = new Map(Object.entries({ ...PACKAGES, ...CORE }).map(([name, specifier]) => [name, builtin(specifier)]));
export const coreNames: readonly string[] = Object.keys(CORE);
/** The built-ins a deployment chooses from. */
export const choiceNames: readonly string[] = Object.keys(PACKAGES);
