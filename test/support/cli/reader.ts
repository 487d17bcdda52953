import { Writable } from "node:stream";
import { type Writer, writerOn } from "../../../src/core/output/writer.ts";

export type Reader = {
  readonly writer: Writer;
  /** All that was written so far. */
  text(): string;
};

/** A reader in place of a terminal or a pipe. `columns` makes it a terminal. */
export function reader(columns?: number): Reader {
  let text = "";
  const stream = new Writable({
    write: (chunk: Buffer, _encoding, done) => {
      text += chunk.toString();
      done();
    },
  });
  const terminal = columns === undefined ? stream : Object.assign(stream, { isTTY: true, columns });
  return { writer: writerOn(terminal), text: () => text };
}
