/** Every directory source as one: in config order, augmented from the records, cached. Opens nothing and keeps nothing of its own. */
import { clock, deployment, directory, directorySource, recordStore } from '@kalends/contracts';
import { definePlugin } from '@kalends/kernel';
import { z } from 'zod';
import { AugmentStore } from './augment.ts';
import { CachedSource } from './cached.ts';
import { ComposedDirectory } from './compose.ts';

const seconds = z.number().int().min(1).max(86_400);
const config = z.strictObject({
  'record-seconds': seconds.default(300).describe('How long a record or a membership is believed, where the source cannot say that it changed.'),
  'absent-seconds': seconds.default(60).describe('How long "there is nobody of that name" is believed.'),
  'account-seconds': seconds.default(4).describe('How old the answer may be that an account is enabled; with the time of the next question, one that was disabled is refused within five seconds.'),
  'stale-seconds': z.number().int().min(0).max(604_800).default(86_400).describe('How long what a source said counts while it is down.'),
  entries: z.number().int().min(100).max(1_000_000).default(20_000).describe('Answers kept for each source.'),
});

export default definePlugin({
  name: '@kalends/directory',
  api: 1,
  summary: 'Every directory source as one, cached.',
  config,
  provides: { directory },
  requires: { sources: directorySource, records: recordStore, deployment, clock },

  setup({ config, deps, log, lifecycle }) {
    if (deps.sources.length === 0) throw new Error('nobody provides people and rooms; enable one of: directory-file, directory-open-directory, directory-active-directory');
    const times = {
      recordSeconds: config['record-seconds'], absentSeconds: config['absent-seconds'], staleSeconds: config['stale-seconds'], entries: config.entries,
    };
    const sources = deps.sources.map((source) => new CachedSource(source, deps.clock, times));
    const accountSeconds = config['account-seconds'];
    const augments = new AugmentStore(deps.records, deps.clock, accountSeconds);
    lifecycle.health('directory sources', async () => {
      await Promise.all(sources.map((source) => source.stamp()));
      const down = sources.filter(({ trouble }) => trouble !== undefined);
      return { ok: down.length === 0, ...(down.length === 0 ? {} : { detail: down.map(({ name, trouble }) => `${name}: ${trouble?.message}`).join('; ') }) };
    });
    return { directory: new ComposedDirectory({ sources, augments, log, host: () => deps.deployment.publicUrl.host, accountSeconds }) };
  },
});
