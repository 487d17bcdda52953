import { Writable } from "node:stream";
import { expect, test } from "vitest";
import { writerOn } from "../../../../src/core/output/writer.ts";

test("a writer waits for a reader that is behind, and goes on when it has caught up", async () => {
  const taken: string[] = [];
  let take: (() => void) | undefined;
  const stream = new Writable({
    highWaterMark: 4,
    write: (chunk: Buffer, _encoding, done) => {
      take = () => {
        taken.push(chunk.toString());
        done();
      };
    },
  });
  const writer = writerOn(stream);
  expect(writer.write("abc")).toBeUndefined();
  const pending = writer.write("defgh");
  expect(pending).toBeInstanceOf(Promise);
  take?.();
  await Promise.resolve();
  setImmediate(() => take?.());
  await pending;
  expect(taken).toEqual(["abc", "defgh"]);
});

test("a reader that has gone is no fault, and nobody waits for it", async () => {
  const stream = new Writable({
    highWaterMark: 1,
    write: (_chunk, _encoding, done) => done(Object.assign(new Error("write EPIPE"), { code: "EPIPE" })),
  });
  const writer = writerOn(stream);
  await writer.write("abc");
  expect(writer.isGone()).toBe(true);
  expect(writer.write("more")).toBeUndefined();
  await writer.flush();
});
