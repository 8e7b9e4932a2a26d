/** Where commands say things: answers on standard output, complaints on standard error, as text or as one JSON value. */

export interface Output {
  readonly json: boolean;
  /** Progress may be drawn: a person is watching. */ readonly terminal: boolean;
  line(text: string): void;
  /** The whole answer of a command run with `--json`. */ value(value: unknown): void;
  complain(text: string): void;
  /** The answer is a document of its own, the same with `--json`. */ print(text: string): void;
}

export function terminalOutput(json: boolean): Output {
  return {
    json,
    terminal: process.stderr.isTTY && !json,
    line: (text) => { if (!json) process.stdout.write(`${text}\n`); },
    value: (value) => { if (json) process.stdout.write(`${JSON.stringify(value, null, 1)}\n`); },
    print: (text) => { process.stdout.write(text); },
    complain: (text) => { process.stderr.write(`${text}\n`); },
  };
}

/** Columns as wide as their widest cell; the last one is not padded. */
export function table(rows: readonly (readonly string[])[]): readonly string[] {
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0))) ?? [];
  return rows.map((row) => row.map((cell, column) => (column === row.length - 1 ? cell : cell.padEnd(widths[column] ?? 0))).join('  '));
}
