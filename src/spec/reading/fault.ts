/** Where something was written: a place in a file, or a flag, an input, a variable by its name. */
export type Origin =
  | {
      readonly kind: "place";
      readonly file: string;
      /** Counted from 1, as editors do. */
      readonly line: number;
      readonly column: number;
      readonly length: number;
    }
  | { readonly kind: "named"; readonly name: string };

/** What stands for a value that nobody wrote. */
export const byDefault: Origin = { kind: "named", name: "default" };

/** One thing that is wrong, in words for people. A fault that is in no file has its origin's name as `file` and 0 as line and column. */
export type Fault = {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly length: number;
  readonly message: string;
  /** As written: `overrides.args[1]`; empty for the whole document. */
  readonly path: string;
  /** The word that was probably meant. */
  readonly suggestion?: string;
};

export type FaultRequest = {
  readonly origin: Origin;
  readonly message: string;
  readonly path?: string;
  readonly suggestion?: string | undefined;
};

export function faultAt({ origin, message, path = "", suggestion }: FaultRequest): Fault {
  const place =
    origin.kind === "place"
      ? { file: origin.file, line: origin.line, column: origin.column, length: origin.length }
      : { file: origin.name, line: 0, column: 0, length: 0 };
  return { ...place, message: plain(message), path: plain(path), ...(suggestion === undefined ? {} : { suggestion }) };
}

/** A key may be as long as its document. */
const maxText = 1_000;

/** A message quotes what was written: nothing of it may act on a terminal, or fill it. */
function plain(text: string): string {
  const short = text.length <= maxText ? text : `${text.slice(0, maxText - 1)}…`;
  return short.replace(/\p{Cc}/gu, " ");
}

/** An origin for people: `launch.yaml:7:13`, `--resource`, `default`. */
export function formatOrigin(origin: Origin): string {
  return origin.kind === "place" ? `${origin.file}:${origin.line}:${origin.column}` : origin.name;
}
