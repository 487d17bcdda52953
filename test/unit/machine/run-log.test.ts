import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type OutputStream, silentLog } from "../../../src/core/output/log.ts";
import { redactionOf } from "../../../src/core/output/redaction.ts";
import { lastLines, openRunLog } from "../../../src/machine/run-log.ts";

let folder: string;
let shown: { stream: OutputStream; text: string }[];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "run-log-"));
  shown = [];
});
afterEach(() => rm(folder, { recursive: true }));

function open(secrets: readonly string[] = []): ReturnType<typeof openRunLog> {
  return openRunLog({
    file: join(folder, "log.txt"),
    redact: redactionOf(secrets),
    log: { ...silentLog, output: ({ stream, bytes }) => void shown.push({ stream, text: bytes.toString() }) },
  });
}

test("each line is marked with its stream in the file and shown without the mark", async () => {
  const log = open();
  await log.write("stdout", Buffer.from("one\ntwo\n"));
  await log.write("stderr", Buffer.from("careful\n"));
  const summary = await log.close();
  expect(await readFile(join(folder, "log.txt"), "utf8")).toBe("  one\n  two\n! careful\n");
  expect(shown).toEqual([
    { stream: "stdout", text: "one\ntwo\n" },
    { stream: "stderr", text: "careful\n" },
  ]);
  expect(summary).toEqual({ lines: 3, bytes: 16, tail: "  one\n  two\n! careful\n", complete: true });
});

test("a line that comes in pieces, cut inside a character, is passed on once and whole", async () => {
  const log = open();
  const bytes = Buffer.from("größe 1\nrest");
  await log.write("stdout", bytes.subarray(0, 3));
  expect(shown).toEqual([]);
  await log.write("stdout", bytes.subarray(3));
  expect(shown).toEqual([{ stream: "stdout", text: "größe 1\n" }]);
  await log.close();
  expect(shown[1]).toEqual({ stream: "stdout", text: "rest\n" });
});

test("a secret is taken out even when it arrives in two chunks", async () => {
  const log = open(["hunter2-hunter2"]);
  await log.write("stdout", Buffer.from("token hunter2-"));
  await log.write("stdout", Buffer.from("hunter2 ok\n"));
  const { tail } = await log.close();
  expect(tail).toBe("  token *** ok\n");
  expect(await readFile(join(folder, "log.txt"), "utf8")).toBe("  token *** ok\n");
});

test("the tail holds the last whole lines of a long log, and the file all of it", async () => {
  const log = open();
  const line = `${"x".repeat(99)}\n`;
  for (let i = 0; i < 3_000; i++) await log.write("stdout", Buffer.from(line));
  await log.write("stdout", Buffer.from("the end\n"));
  const summary = await log.close();
  expect(summary.lines).toBe(3_001);
  expect(summary.tail.length).toBeLessThanOrEqual(64 * 1024);
  expect(summary.tail.startsWith("  x")).toBe(true);
  expect(lastLines(summary.tail, 2)).toEqual(["x".repeat(99), "the end"]);
  expect((await readFile(join(folder, "log.txt"))).length).toBe(3_000 * 102 + 10);
});

test("output without line ends is cut into lines instead of filling the memory", async () => {
  const log = open();
  for (let i = 0; i < 10; i++) await log.write("stdout", Buffer.alloc(64 * 1024, "a"));
  await log.close();
  expect(shown.length).toBeGreaterThan(1);
  expect(shown.map((chunk) => chunk.text.replaceAll("\n", "")).join("")).toBe("a".repeat(640 * 1024));
});
