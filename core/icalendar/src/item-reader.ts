import type { EpochSeconds, ItemReader } from '@kalends/contracts';

/** For stores that read their files back. `now` gives epoch seconds: facts are covered from there on for COVER_AHEAD. */
export function createItemReader(_now: () => EpochSeconds): ItemReader { throw new Error('to come'); }
