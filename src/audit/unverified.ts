/** The first thing in a published log that does not fit. */
export class Unverified extends Error {
  override readonly name = 'Unverified';
  /** Path within the published directory; or of a checkpoint that was kept elsewhere. */
  readonly file: string;
  /** First entry concerned, where one can be named. */
  readonly index: number | undefined;

  constructor(file: string, index: number | undefined, problem: string, options?: ErrorOptions) {
    super(index === undefined ? `${file}: ${problem}` : `${file}, entry ${index}: ${problem}`, options);
    this.file = file;
    this.index = index;
  }
}
