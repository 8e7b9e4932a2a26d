/** What this store promises beyond the contract. */
import type { StoreTraits } from '@kalends/contracts';

/** Any number of processes of one host; a body of up to 1 GiB; no read is ever old. */
export const traits: StoreTraits = { concurrency: 'host', maxItemOctets: 1_073_741_824, stalenessMilliseconds: 0 };
