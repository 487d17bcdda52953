import { type Style, styleFor } from "./style.ts";
import { type Writer, writerOn } from "../core/writer.ts";

/** What a command has of the process it runs in. */
export type Console = {
  readonly out: Writer;
  readonly err: Writer;
  readonly style: Style;
  /** A terminal that may be drawn on. */
  readonly interactive: boolean;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly workingDirectory: string;
};

export function processConsole(
  style: (terminal: boolean) => Style = (terminal) => styleFor(terminal, process.env),
): Console {
  const out = writerOn(process.stdout);
  return {
    out,
    err: writerOn(process.stderr),
    style: style(out.columns() !== undefined),
    interactive: out.columns() !== undefined && process.env["TERM"] !== "dumb",
    environment: process.env,
    workingDirectory: process.cwd(),
  };
}
