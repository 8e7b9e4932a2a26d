/**
 * From names that clients chose to names of files, and back. Never a client's string as it is: a leading dot, `/`, `%` and control characters are percent-escaped,
 * upper case too where the file system folds case; what is longer than 200 octets becomes a hash, and its true name is told by a file beside it.
 */
import { hash } from 'node:crypto';

const maxOctets = 200;
const hashed = '%~';

export function toFileName(name: string, foldsCase: boolean): string {
  let escaped = name.replace(/[\u0000-\u001f/%\u007f]|^\./g, percent);
  if (foldsCase) escaped = escaped.replace(/%[0-9A-F]{2}|[A-Z]/g, (found) => (found.length === 1 ? percent(found) : found));
  if (escaped === '') return '%';
  if (Buffer.byteLength(escaped) <= maxOctets) return escaped;
  return `${hashed}${hash('sha256', name).slice(0, 40)}${/\.ics$/i.test(name) ? '.ics' : ''}`;
}

/** Undefined: a hash, whose true name lies elsewhere. */
export function fromFileName(file: string): string | undefined {
  if (file === '%') return '';
  return file.startsWith(hashed) ? undefined : file.replace(/%([0-9A-Fa-f]{2})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 16)));
}

const percent = (character: string): string => `%${character.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`;
