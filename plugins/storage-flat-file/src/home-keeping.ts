/** Looks at a home's folder when it is first asked for: the index may be new, or somebody may have restored the folder. */
import type { Clock, ItemReader, PrincipalId } from '@kalends/contracts';
import type { HomeKeeper, ReadSide, WriterPort } from '@kalends/lib-shards';
import type { HomeLayout } from './home-layout.ts';

export interface HomeKeepingOptions { readonly shards: number; readonly port: WriterPort; readonly reads: ReadSide; readonly itemReader: ItemReader; readonly layout: HomeLayout; readonly clock: Clock }

export class HomeKeeping implements HomeKeeper {
  constructor(_options: HomeKeepingOptions) { /* next step */ }
  touch(_owner: PrincipalId): Promise<void> | undefined { return undefined; }
  forget(_shard: number): void { /* next step */ }
  close(): Promise<void> { return Promise.resolve(); }
}
