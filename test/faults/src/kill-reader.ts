/** The homes of the kill tests hold plain files only; whatever reads them as calendars has found something that nobody put there. */
import type { ItemReader } from '@kalends/contracts';

export const killReader: ItemReader = { read: () => ({ problem: 'no calendar object was ever put here' }) };
