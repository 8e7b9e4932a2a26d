/**
 * Tests that talk to real programs. One that is missing is said loudly and its tests are skipped; under CI=true that is a failure instead.
 */
import { spawn, spawnSync } from 'node:child_process';
import { describe, it } from 'vitest';

export interface Finished { readonly code: number | null; readonly stdout: string; readonly stderr: string }

export function describeWith(program: string, title: string, tests: () => void): void {
  describeWhen(spawnSync('sh', ['-c', `command -v ${program}`]).status === 0, program, title, tests);
}

/** Of a service that test/services starts. */
export function describeWithService(present: boolean, packages: string, title: string, tests: () => void): void {
  describeWhen(present, packages, title, tests);
}

/** Debian keeps servers where only root looks. */
const PLACES = `${process.env['PATH'] ?? ''}:/usr/sbin:/sbin`;

/** `root`: they need a user who may do everything. */
export function describeWithAll(programs: readonly string[], title: string, tests: () => void, { root = false } = {}): void {
  const missing = programs.filter((program) => spawnSync('sh', ['-c', `command -v ${program}`], { env: { ...process.env, PATH: PLACES } }).status !== 0);
  describeWhen(missing.length === 0 && (!root || process.getuid?.() === 0), missing.length === 0 ? 'root' : missing.join(' '), title, tests);
}

export function describeWithPython(module: string, title: string, tests: () => void): void {
  describeWhen(spawnSync('/usr/bin/python3', ['-c', `import ${module}`], { stdio: 'ignore' }).status === 0, `python3-${module}`, title, tests);
}

/** For what is more than a program: `check` is a shell command that succeeds where it is there, `debian` the packages that bring it. */
export function describeWhere(check: string, debian: string, title: string, tests: () => void): void {
  describeWhen(spawnSync('sh', ['-c', check], { stdio: 'ignore' }).status === 0, debian, title, tests);
}

function describeWhen(present: boolean, program: string, title: string, tests: () => void): void {
  if (present) describe(title, tests);
  else if (process.env['CI'] === 'true') describe(title, () => { it(`needs ${program}`, () => { throw new Error(`${program} is not installed, and under CI nothing may be skipped`); }); });
  else {
    console.warn(`\n*** SKIPPED: ${title}: ${program} is not installed (Debian: apt-get install ${program}) ***\n`);
    describe.skip(title, tests);
  }
}

/** Node 22 says of SQLite that it is an experiment, on standard error; whoever reads that there would take it for the program's. */
const QUIET = `${process.env['NODE_OPTIONS'] ?? ''} --disable-warning=ExperimentalWarning`.trim();

/** Runs to its end; kills by pid after `milliseconds`. */
export function execute(command: string, args: readonly string[], options: { readonly cwd?: string; readonly env?: Readonly<Record<string, string>>; readonly input?: string; readonly milliseconds?: number } = {}): Promise<Finished> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd: options.cwd, env: { ...process.env, NODE_OPTIONS: QUIET, ...options.env }, stdio: ['pipe', 'pipe', 'pipe'] });
    let [stdout, stderr] = ['', ''];
    child.stdout.setEncoding('utf8').on('data', (text: string) => { stdout += text; });
    child.stderr.setEncoding('utf8').on('data', (text: string) => { stderr += text; });
    const timer = setTimeout(() => { child.kill('SIGKILL'); }, options.milliseconds ?? 60_000);
    child.on('error', reject);
    child.on('close', (code) => {
      clearTimeout(timer);
      resolve({ code, stdout, stderr });
    });
    child.stdin.on('error', () => undefined);
    child.stdin.end(options.input ?? '');
  });
}
