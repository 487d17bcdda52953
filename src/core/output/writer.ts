import type { Writable } from "node:stream";
import { systemCode } from "../errors.ts";
import { freeBytes } from "./lines.ts";
import { terminalText } from "./terminal-text.ts";

/** Text to a stream, at the pace of its reader. */
export type Writer = {
  /** A promise when the reader is behind: await it before writing more. A terminal gets nothing of it to act on but colours. */
  write(data: string | Uint8Array): void | Promise<void>;
  /** What a terminal is to do: the text is passed on as it is. */
  draw(text: string): void | Promise<void>;
  /** The same for bytes that nobody else uses: their memory is given back when the stream has them. */
  hand(data: Uint8Array): void | Promise<void>;
  /** The reader has gone: nothing that is written arrives. */
  isGone(): boolean;
  /** Resolves when all that was written has been handed over. */
  flush(): Promise<void>;
  /** Columns of a terminal; undefined when it is none. */
  readonly columns: () => number | undefined;
};

/** A writer on stdout or stderr. A reader that has gone (`launch list | head`) is no fault: what follows is dropped without a word. */
export function writerOn(stream: Writable & { readonly isTTY?: boolean; readonly columns?: number }): Writer {
  let gone = false;
  stream.on("error", (error) => {
    if (systemCode(error) !== "EPIPE") throw error;
    gone = true;
  });
  const drained = (): Promise<void> =>
    new Promise((resolve) => {
      const done = (): void => {
        stream.off("drain", done);
        stream.off("close", done);
        resolve();
      };
      stream.on("drain", done);
      // A stream that broke never drains.
      stream.on("close", done);
    });
  const pass = (data: string | Uint8Array): void | Promise<void> =>
    gone || data.length === 0 || stream.write(data) ? undefined : drained();
  return {
    isGone: () => gone,
    write: (data) => pass(stream.isTTY === true ? terminalText(Buffer.from(data).toString()) : data),
    draw: pass,
    hand: (data) => (gone || data.length === 0 || stream.write(data, () => freeBytes(data)) ? undefined : drained()),
    flush: () =>
      new Promise((resolve) => {
        if (gone || stream.destroyed) resolve();
        else stream.write("", () => resolve());
      }),
    columns: () => (stream.isTTY === true ? widthOf(stream.columns) : undefined),
  };
}

/** Some terminals (a serial line, `script`) say that they have 0 columns. */
function widthOf(columns: number | undefined): number {
  return columns === undefined || columns === 0 ? 80 : columns;
}
