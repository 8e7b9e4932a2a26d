import type { Clock, ItemReader } from '@kalends/contracts';
import { ShardUpkeep, type ReadSide, type ShardStore, type WriterPort } from '@kalends/lib-shards';
import type { FlatFileMaintenance } from '../flat-file-options.ts';
import type { HomeKeeping } from '../home-keeping.ts';
import type { HomeLayout } from '../home-layout.ts';

export interface UpkeepOptions {
  readonly shards: number; readonly reads: ReadSide; readonly port: WriterPort; readonly store: ShardStore; readonly keeper: HomeKeeping; readonly layout: HomeLayout;
  readonly itemReader: ItemReader; readonly clock: Clock;
}
export class FlatFileUpkeep extends ShardUpkeep { constructor(options: UpkeepOptions) { super(options); } }
export interface FlatFileUpkeep extends FlatFileMaintenance { readonly _: never }
