/** Doubles of the small points, each the least that keeps its contract: cache, process channel, replay guard, attachment store. All in this process. */
import { createHash, randomUUID } from 'node:crypto';
import { StoreError } from '@kalends/contracts';
import type { AttachmentStore, Cache, Clock, EpochSeconds, ProcessChannel, ReplayGuard } from '@kalends/contracts';

export function memoryCache(clock: Clock): Cache {
  const entries = new Map<string, { readonly value: unknown; readonly until: number }>();
  return {
    async get<T>(key: string) {
      const entry = entries.get(key);
      return entry && entry.until > clock.monotonic() ? (entry.value as T) : undefined;
    },
    async set(key, value, ttlMilliseconds) {
      entries.set(key, { value, until: clock.monotonic() + ttlMilliseconds });
    },
  };
}

/** The channel of `single`: this process is its own master. Notices arrive after the caller has gone on. */
export function localChannel(): ProcessChannel {
  const listeners = new Map<string, Set<(message: unknown) => void>>();
  const answers = new Map<string, (message: unknown) => Promise<unknown>>();
  return {
    publish(topic, message) {
      for (const run of listeners.get(topic) ?? []) queueMicrotask(() => listeners.get(topic)?.has(run) && run(structuredClone(message)));
    },
    subscribe(topic, run) {
      listeners.set(topic, (listeners.get(topic) ?? new Set()).add(run));
      return () => void listeners.get(topic)?.delete(run);
    },
    ask(topic, message, signal) {
      return new Promise((resolve, reject) => {
        const answer = answers.get(topic);
        if (signal.aborted) return reject(signal.reason);
        if (answer === undefined) return reject(new Error(`nobody answers ${topic}`));
        const abort = (): void => reject(signal.reason);
        signal.addEventListener('abort', abort, { once: true });
        answer(structuredClone(message)).then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
      });
    },
    answer(topic, run) {
      if (answers.has(topic)) throw new Error(`${topic} has an answer already`);
      answers.set(topic, run);
    },
  };
}

export function memoryReplayGuard(clock: Clock): ReplayGuard {
  const used = new Map<string, EpochSeconds>();
  return {
    async firstUse(nonce, count, expires) {
      const now = clock.now() / 1000;
      for (const [key, until] of used) if (until <= now) used.delete(key);
      const key = `${count} ${nonce}`;
      if (expires <= now || used.has(key)) return false;
      used.set(key, expires);
      return true;
    },
  };
}

export function memoryAttachments(clock: Clock): AttachmentStore {
  const stored = new Map<string, { readonly content: Uint8Array; readonly stored: EpochSeconds }>();
  return {
    async put(content, maxOctets) {
      const chunks: Uint8Array[] = [];
      let octets = 0;
      for await (const chunk of content) {
        octets += chunk.length;
        if (octets > maxOctets) throw new StoreError('too-large', `more than ${maxOctets} octets`);
        chunks.push(chunk.slice());
      }
      const whole = new Uint8Array(Buffer.concat(chunks));
      const sha256 = createHash('sha256').update(whole).digest('hex');
      stored.set(sha256, { content: whole, stored: Math.floor(clock.now() / 1000) });
      return { id: sha256, octets, sha256 };
    },
    async open(id, octets) {
      const found = stored.get(id);
      return found && (async function* () { yield found.content.slice(octets?.from, octets?.to); })();
    },
    async remove(id) {
      stored.delete(id);
    },
    async *list() {
      const rows = [...stored].map(([id, { content, stored: at }]) => ({ id, octets: content.length, stored: at }));
      if (rows.length > 0) yield rows;
    },
  };
}

/** 32 octets a name, as long as this object lives. */
export function memorySecrets(): { get(name: string): Promise<Uint8Array> } {
  const keys = new Map<string, Uint8Array>();
  return {
    async get(name) {
      const key = keys.get(name) ?? new Uint8Array(createHash('sha256').update(randomUUID()).digest());
      keys.set(name, key);
      return key;
    },
  };
}
