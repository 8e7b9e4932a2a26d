/** A source cannot be asked now, and nothing it said before covers the question. Not the same as "nobody": whoever asks must not act on absence. */
export class DirectoryUnavailable extends Error {
  override readonly name = 'DirectoryUnavailable';
  readonly source: string;
  constructor(source: string, cause: unknown) {
    super(`the directory source "${source}" cannot be asked at present`, { cause });
    this.source = source;
  }
}
