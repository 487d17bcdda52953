/** So many bytes of a writing are looked for first; no writing of a secret is shorter. */
export const startLength = 4;

/** One of the forms in which a value is written, or a family of them. */
export type Writing = {
  /** What it may begin with: texts of `startLength` bytes, in latin1. No line ends within them. */
  readonly starts: ReadonlySet<string>;
  /**
   * Where the writing that begins at `at` ends; 0 when there is none; -1 when the bytes end before that is known, and there may be
   * `more` of them.
   */
  walk(bytes: Uint8Array, at: number, more: boolean): number;
};
