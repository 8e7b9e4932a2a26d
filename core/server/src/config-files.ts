/** The files under `config/`: beside the package when it is installed from npm, at the top of the repository otherwise. And where a deployment's own file is looked for. */
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** @param name as `default.yaml` or `examples/laptop.yaml` */
export function shippedConfig(name: string): string {
  const inPackage = new URL(`../config/${name}`, import.meta.url);
  return fileURLToPath(existsSync(inPackage) ? inPackage : new URL(`../../../config/${name}`, import.meta.url));
}

const USUAL = ['/etc/caldavd/caldavd.yaml', '/etc/caldavd/caldavd.plist'];

/** The file of a deployment when none was named: `KALENDS_CONFIG`, then the usual places, then the trial set-up. */
export function usualConfig(environment: Readonly<Record<string, string | undefined>>, usual: readonly string[] = USUAL): string {
  return environment['KALENDS_CONFIG'] ?? usual.find((file) => existsSync(file)) ?? shippedConfig('examples/laptop.yaml');
}
