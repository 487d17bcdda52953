import { type Redact, replaceSpans } from "../core/output/redaction.ts";
import type { SecretSearch } from "../core/output/secrets/secret-search.ts";

/** Takes raw output as it comes, and passes it on in whole lines without secrets. A promise when who gets them is behind. */
export type WholeLines = {
  /** What it keeps of the chunk it copies. */
  write(chunk: Buffer): Promise<void> | void;
  /** Passes on what is left of an unfinished last line. */
  end(): Promise<void> | void;
};

type Pass = (lines: Buffer) => Promise<void> | void;

const newline = Buffer.from("\n");
/** A line longer than this is cut into several, so that output without line ends can't fill the memory. */
const maxLine = 256 * 1024;

export function wholeLines({ search }: Redact, pass: Pass): WholeLines {
  return search === undefined ? linesAsTheyAre(pass) : linesWithoutSecrets(search, pass);
}

function linesAsTheyAre(pass: Pass): WholeLines {
  let unfinished: Buffer = Buffer.alloc(0);
  return {
    write: (chunk) => {
      const end = chunk.lastIndexOf("\n") + 1;
      const begun = unfinished;
      if (end === 0 && begun.length + chunk.length <= maxLine) {
        unfinished = Buffer.concat([begun, chunk]);
        return undefined;
      }
      // A copy: the chunk is taken back when we return.
      unfinished = Buffer.from(end === 0 ? "" : chunk.subarray(end));
      if (end === 0) return pass(Buffer.concat([begun, chunk, newline]));
      if (begun.length === 0) return pass(chunk.subarray(0, end));
      // The line that was begun goes by itself, so that the rest need not be copied behind it.
      const first = chunk.indexOf("\n") + 1;
      const behind = pass(Buffer.concat([begun, chunk.subarray(0, first)]));
      const further = first === end ? undefined : pass(chunk.subarray(first, end));
      return further ?? behind;
    },
    end: () => (unfinished.length === 0 ? undefined : pass(Buffer.concat([unfinished, newline]))),
  };
}

/**
 * The same where secrets are looked for. A secret may go over the end of a line (wrapped base64, a key of many lines) and over the place
 * where a long line is cut: from where one may have begun, everything waits for what follows. Of ordinary lines that is none.
 */
function linesWithoutSecrets(search: SecretSearch, pass: Pass): WholeLines {
  let held: Buffer = Buffer.alloc(0);
  /** So many bytes of it are of a secret whose beginning has been passed on. */
  let covered = 0;

  const passUpTo = (bytes: Buffer, end: number, more: boolean): Promise<void> | void => {
    const { spans, open } = search(bytes.subarray(0, end), more, covered);
    const cut = open === end ? end : cutBefore(bytes, open, end);
    // A copy: the bytes are taken back when we return.
    held = Buffer.from(bytes.subarray(cut));
    if (cut === 0) return undefined;
    const begun = spans.filter(([from]) => from < cut);
    covered = Math.max(0, (begun.at(-1)?.[1] ?? 0) - cut);
    const clean = replaceSpans(
      bytes.subarray(0, cut),
      begun.map(([from, to]) => [from, Math.min(to, cut)]),
    );
    return pass(clean.at(-1) === newline[0] ? clean : Buffer.concat([clean, newline]));
  };
  const write = (chunk: Buffer): Promise<void> | void => {
    const first = chunk.indexOf("\n") + 1;
    if (held.length > 0 && first > 0 && first < chunk.length) {
      // The line that was begun goes by itself, so that the rest need not be copied behind it.
      const line = Buffer.concat([held, chunk.subarray(0, first)]);
      const behind = passUpTo(line, line.length, true);
      return write(chunk.subarray(first)) ?? behind;
    }
    const all = held.length === 0 ? chunk : Buffer.concat([held, chunk]);
    const end = all.lastIndexOf("\n") + 1;
    if (all.length - end > maxLine) return passUpTo(all, all.length, true);
    if (end > 0) return passUpTo(all, end, true);
    held = all === chunk ? Buffer.from(chunk) : all;
    return undefined;
  };
  return { write, end: () => (held.length === 0 ? undefined : passUpTo(held, held.length, false)) };
}

/** The line in which the secret may begin waits as a whole, unless it is too long for that. */
function cutBefore(bytes: Buffer, open: number, end: number): number {
  const line = open === 0 ? 0 : bytes.lastIndexOf("\n", open - 1) + 1;
  return end - line > 2 * maxLine ? open : line;
}
