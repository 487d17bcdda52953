import { type Style, styleFor } from "./style.ts";
import { type Writer, writerOn } from "../../core/output/writer.ts";

/** What a command has of the process it runs in. */
export type Console = {
  readonly out: Writer;
  readonly err: Writer;
  /** For what goes to `out`. */
  readonly style: Style;
  /** For what goes to `err`, which may be a file while `out` is a terminal. */
  readonly errorStyle: Style;
  /** A terminal that may be drawn on. */
  readonly interactive: boolean;
  /** Lines of that terminal. */
  readonly rows: () => number;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly workingDirectory: string;
};

/** Some terminals say that they have none. */
const usualRows = 24;

export function processConsole(): Console {
  const out = writerOn(process.stdout);
  const err = writerOn(process.stderr);
  return {
    out,
    err,
    style: styleFor(out.columns() !== undefined, process.env),
    errorStyle: styleFor(err.columns() !== undefined, process.env),
    interactive: out.columns() !== undefined && process.env["TERM"] !== "dumb",
    rows: () => process.stdout.rows || usualRows,
    environment: process.env,
    workingDirectory: process.cwd(),
  };
}
