import { extensionPoint } from '@kalends/kernel/extension-point';

/** The running graph and its health, read only: what `/health`, the admin API and `caladmin plugins` show. Built in. */
export interface Inspector {
  plugins(): readonly PluginState[];
  /** Runs the checks (2 s each at most; results are kept 1 s). */
  health(): Promise<readonly HealthState[]>;
  /** True between "every plugin started and healthy" and the first stop signal: what `/health/ready` says. */
  ready(): boolean;
}
export const inspector = extensionPoint<Inspector>('inspector');
export interface PluginState {
  /** The instance's name in the config. */ readonly instance: string;
  readonly plugin: string; readonly summary: string;
  readonly provides: readonly string[]; readonly requires: readonly string[];
  readonly state: 'running' | 'failed' | 'disabled';
  readonly startMilliseconds: number;
}
export interface HealthState { readonly instance: string; readonly name: string; readonly ok: boolean; readonly detail?: string }
