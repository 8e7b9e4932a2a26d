import { extensionPoint } from '@kalends/kernel/extension-point';

/** Between the processes of one host: small notices, and questions to the master. Nothing is right or wrong by it. */
export interface ProcessChannel {
  publish(topic: string, message: unknown): void;
  subscribe(topic: string, run: (message: unknown) => void): () => void;
  /** Answered by the master; in `single`, by this process. Rejects when `signal` aborts or nobody answers. */
  ask(topic: string, message: unknown, signal: AbortSignal): Promise<unknown>;
  answer(topic: string, run: (message: unknown) => Promise<unknown>): void;
}
export const processChannel = extensionPoint<ProcessChannel>('process-channel');
