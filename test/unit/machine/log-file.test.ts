import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { redactNothing } from "../../../src/core/output/redaction.ts";
import { silentLog } from "../../../src/core/output/log.ts";
import type { LogChunk } from "../../../src/machine/log-file.ts";
import { readLogFile, readStoredTail, unmarkedChunks } from "../../../src/machine/log-file.ts";
import { openRunLog } from "../../../src/machine/run-log.ts";

describe("marked lines", () => {
  it.each<readonly [string, string, readonly LogChunk[]]>([
    ["nothing", "", []],
    ["one stream", "  a\n  b\n", [{ stream: "stdout", text: "a\nb\n" }]],
    ["indented lines", "      a\n    b\n", [{ stream: "stdout", text: "    a\n  b\n" }]],
    ["empty lines", "  \n  \n", [{ stream: "stdout", text: "\n\n" }]],
    [
      "both streams",
      "  a\n! b\n! c\n  d\n",
      [
        { stream: "stdout", text: "a\n" },
        { stream: "stderr", text: "b\nc\n" },
        { stream: "stdout", text: "d\n" },
      ],
    ],
    ["a line that looks marked inside", "  ! a\n", [{ stream: "stdout", text: "! a\n" }]],
    ["lines without marks", "a\n\n  b\n", [{ stream: "stdout", text: "a\n\nb\n" }]],
    [
      "a torn last line",
      "  a\n! b",
      [
        { stream: "stdout", text: "a\n" },
        { stream: "stderr", text: "b\n" },
      ],
    ],
  ])("of %s are told apart", (_what, text, chunks) => {
    expect(unmarkedChunks(text)).toEqual(chunks);
  });
});

describe("a log file", () => {
  let folder: string;
  let path: string;
  const at = (): Promise<string> => Promise.resolve(path);
  const signal = AbortSignal.timeout(20_000);
  const complete = { isWritten: () => Promise.resolve(false), pause: () => Promise.resolve() };

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "log file "));
    path = join(folder, "log.txt");
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  const textsOf = async (chunks: AsyncIterable<LogChunk>): Promise<Record<string, string>> => {
    const texts = { stdout: "", stderr: "" };
    for await (const { stream, text } of chunks) texts[stream] += text;
    return texts;
  };

  it("gives back what a run wrote, megabytes of it and letters of many bytes too", async () => {
    const runLog = openRunLog({ file: path, redact: redactNothing, log: silentLog });
    const line = `${"é€😀".repeat(40)} ! x\n`;
    const stdout = line.repeat(8_000);
    await runLog.write("stdout", Buffer.from(stdout));
    await runLog.write("stderr", Buffer.from("  oh\nno"));
    await runLog.close();

    expect(await textsOf(readLogFile({ ...complete, path: at }, signal))).toEqual({ stdout, stderr: "  oh\nno\n" });
  });

  it("is read up to where a killed launcher left it", async () => {
    writeFileSync(path, "  one\n! two\n  thr");
    expect(await textsOf(readLogFile({ ...complete, path: at }, signal))).toEqual({
      stdout: "one\nthr\n",
      stderr: "two\n",
    });
    writeFileSync(path, "  one\n!");
    expect(await textsOf(readLogFile({ ...complete, path: at }, signal))).toEqual({ stdout: "one\n", stderr: "" });
  });

  it("is followed from before it is there to what is written last", async () => {
    const steps = [
      () => undefined,
      () => writeFileSync(path, "  one\n  tw"),
      () => appendFileSync(path, "o\n"),
      () => appendFileSync(path, "! three\n"),
    ];
    const seen: LogChunk[] = [];
    const pause = (): Promise<void> => Promise.resolve(steps.shift()?.());
    const isWritten = (): Promise<boolean> => Promise.resolve(steps.length > 0);
    for await (const chunk of readLogFile({ path: at, isWritten, pause }, signal)) seen.push(chunk);
    expect(seen).toEqual([
      { stream: "stdout", text: "one\n" },
      { stream: "stdout", text: "two\n" },
      { stream: "stderr", text: "three\n" },
    ]);
  });

  it("is read to its end and then on in that of another attempt", async () => {
    const steps = [
      () => writeFileSync(path, "  first\n  tor"),
      () => void (path = join(folder, "second.txt")),
      () => writeFileSync(path, "  second\n"),
      () => appendFileSync(path, "! last\n"),
    ];
    const seen: LogChunk[] = [];
    const pause = (): Promise<void> => Promise.resolve(steps.shift()?.());
    const isWritten = (): Promise<boolean> => Promise.resolve(steps.length > 0);
    for await (const chunk of readLogFile({ path: at, isWritten, pause }, signal)) seen.push(chunk);
    expect(seen).toEqual([
      { stream: "stdout", text: "first\n" },
      { stream: "stdout", text: "tor\n" },
      { stream: "stdout", text: "second\n" },
      { stream: "stderr", text: "last\n" },
    ]);
  });

  it("is not read twice where whoever takes the run over writes it again, from its start", async () => {
    const steps = [
      () => writeFileSync(path, "  one\n! two\n  tor"),
      () => rmSync(path),
      () => writeFileSync(path, "  one\n"),
      () => appendFileSync(path, "! two\n  torn\n"),
      () => appendFileSync(path, "  last\n"),
    ];
    const seen: LogChunk[] = [];
    const pause = (): Promise<void> => Promise.resolve(steps.shift()?.());
    const isWritten = (): Promise<boolean> => Promise.resolve(steps.length > 0);
    for await (const chunk of readLogFile({ path: at, isWritten, pause }, signal)) seen.push(chunk);
    expect(seen).toEqual([
      { stream: "stdout", text: "one\n" },
      { stream: "stderr", text: "two\n" },
      { stream: "stdout", text: "torn\n" },
      { stream: "stdout", text: "last\n" },
    ]);
  });

  it("has an end of whole lines for the record", async () => {
    expect(await readStoredTail(path)).toBeUndefined();
    writeFileSync(path, "  one\n! two");
    expect(await readStoredTail(path)).toBe("  one\n! two\n");
    writeFileSync(path, `  ${"a".repeat(70_000)}\n  b\n`);
    expect(await readStoredTail(path)).toBe("  b\n");
  });
});
