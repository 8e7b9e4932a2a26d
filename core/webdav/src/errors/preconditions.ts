/**
 * The preconditions and postconditions of WebDAV and its extensions that a request can fail by, in the order of their documents, and the plain statuses of
 * HTTP that need no name. (CalDAV's are in its own package.)
 */
import type { QName } from '@kalends/contracts';
import { DavError, condition } from './dav-error.ts';
import { DAV, dav } from '../xml/names.ts';

// RFC 4918 §16
export const lockTokenMatchesRequestUri = condition(DAV, 'lock-token-matches-request-uri', 409);
export const lockTokenSubmitted = condition<readonly string[]>(DAV, 'lock-token-submitted', 423, (xml, hrefs) => { for (const href of hrefs) xml.href(href); });
export const noConflictingLock = condition<readonly string[]>(DAV, 'no-conflicting-lock', 423, (xml, hrefs) => { for (const href of hrefs) xml.href(href); });
export const propfindFiniteDepth = condition(DAV, 'propfind-finite-depth', 403, undefined, 'A listing goes one level deep: ask with Depth 0 or 1.');
export const cannotModifyProtectedProperty = condition(DAV, 'cannot-modify-protected-property', 403, undefined, 'The server alone sets this property.');

// RFC 3744 §7.1.1, §8.1.1
export interface NeededPrivilege { readonly href: string; readonly privilege: QName }
export const needPrivileges = condition<readonly NeededPrivilege[]>(DAV, 'need-privileges', 403, (xml, needed) => {
  for (const { href, privilege } of needed) {
    xml.open(dav('resource'));
    xml.href(href);
    xml.open(dav('privilege'));
    xml.open(privilege);
    xml.close();
    xml.close();
    xml.close();
  }
}, 'You lack a privilege that this needs.');
export const noAceConflict = condition(DAV, 'no-ace-conflict', 403);
export const noProtectedAceConflict = condition(DAV, 'no-protected-ace-conflict', 403);
export const noInheritedAceConflict = condition(DAV, 'no-inherited-ace-conflict', 403);
export const limitedNumberOfAces = condition(DAV, 'limited-number-of-aces', 403);
export const noInvert = condition(DAV, 'no-invert', 403);
export const noAbstract = condition(DAV, 'no-abstract', 403);
export const notSupportedPrivilege = condition(DAV, 'not-supported-privilege', 403);
export const recognizedPrincipal = condition(DAV, 'recognized-principal', 403);
export const allowedPrincipal = condition(DAV, 'allowed-principal', 403);
export const numberOfMatchesWithinLimits = condition(DAV, 'number-of-matches-within-limits', 403, undefined, 'There are more matches than this server lists.');

// RFC 3253 §3.6
export const supportedReport = condition(DAV, 'supported-report', 403, undefined, 'This resource has no such report.');
export const resourceMustBeNull = condition(DAV, 'resource-must-be-null', 403, undefined, 'There is something at this URL already.');

// RFC 4331 §6
export const quotaNotExceeded = condition(DAV, 'quota-not-exceeded', 507, undefined, 'The quota does not allow for so much.');
export const sufficientDiskSpace = condition(DAV, 'sufficient-disk-space', 507, undefined, 'The server has no room left for this.');

// RFC 5689 §3.3
export const validResourcetype = condition(DAV, 'valid-resourcetype', 403, undefined, 'No collection of this type can be made here.');

// RFC 6578 §3.2, §3.3
export const validSyncToken = condition(DAV, 'valid-sync-token', 403, undefined, 'The sync token is not, or no longer, valid: begin again without one.');

// RFC 9110, where no condition is named
export const badRequest = (detail: string, cause?: unknown): DavError => new DavError(400, { detail, cause });
export const notFound = (detail = 'There is nothing at this URL.'): DavError => new DavError(404, { detail });
export const conflict = (detail: string): DavError => new DavError(409, { detail });
export const preconditionFailed = (detail = 'A condition of the request does not hold.'): DavError => new DavError(412, { detail });
export const contentTooLarge = (detail: string): DavError => new DavError(413, { detail });
export const unsupportedMediaType = (detail: string): DavError => new DavError(415, { detail });
export const forbidden = (detail: string): DavError => new DavError(403, { detail });
export const methodNotAllowed = (method: string, allow: readonly string[]): DavError =>
  new DavError(405, { detail: `${method} is not defined for this resource.`, headers: { Allow: allow.join(', ') } });

