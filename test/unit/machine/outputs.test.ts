import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { chmod, chown, mkdir, mkdtemp, rm, rmdir, stat, symlink, truncate, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, expect, test } from "vitest";
import { removeFolder } from "../../../src/core/folders/remove.ts";
import { silentLog } from "../../../src/core/output/log.ts";
import { type Said, textOf } from "../../../src/core/output/said.ts";
import { collectOutputs } from "../../../src/machine/outputs.ts";

let folder: string;
let warnings: string[];
const log = { ...silentLog, warning: (message: Said) => void warnings.push(textOf(message)) };

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "outputs-"));
  warnings = [];
});
afterEach(() => rm(folder, { recursive: true }));

test("every file is named with its size and hash, and the metrics are read", async () => {
  await mkdir(join(folder, "model"));
  await writeFile(join(folder, "model", "weights.bin"), "abc");
  await writeFile(join(folder, "metrics.json"), '{"accuracy": 0.9, "note": "fine", "bad": null}');
  const outputs = await collectOutputs(folder, log);
  expect(outputs.metrics).toEqual({ accuracy: 0.9 });
  expect(outputs.files.map((file) => file.path)).toEqual(["metrics.json", "model/weights.bin"]);
  expect(outputs.files[1]).toEqual({
    path: "model/weights.bin",
    bytes: 3,
    sha256: createHash("sha256").update("abc").digest("hex"),
  });
});

test("a metrics.json that is no object is warned about and never an error", async () => {
  await writeFile(join(folder, "metrics.json"), "[1");
  expect((await collectOutputs(folder, log)).metrics).toEqual({});
  expect(warnings.join()).toContain("metrics.json is not valid");
});

test("of very many metrics the first are recorded, so that the run's head stays one that can be read", async () => {
  const many = Object.fromEntries(Array.from({ length: 2_000 }, (_, index) => [`metric-${index}`, index]));
  await writeFile(join(folder, "metrics.json"), JSON.stringify({ ["x".repeat(500)]: 1, ...many }));
  const { metrics } = await collectOutputs(folder, log);
  expect(Object.keys(metrics)).toHaveLength(1_000);
  expect(metrics["metric-999"]).toBe(999);
  expect(warnings.join()).toContain("metrics.json has 2001 numbers; the record has 1000");
});

test("a link out of the directory is not followed, and no directory means no outputs", async () => {
  await symlink("/etc/passwd", join(folder, "metrics.json.link"));
  expect((await collectOutputs(folder, log)).files).toEqual([]);
  expect(await collectOutputs(join(folder, "missing"), log)).toEqual({ files: [], metrics: {} });
});

test.each([
  ["a pipe that nobody writes to", (path: string) => void execFileSync("mkfifo", [path])],
  ["a link to what is not the run's", (path: string) => symlink("/proc/sys/kernel/random/uuid", path)],
])("a metrics.json that is %s is not read", async (_, make) => {
  await make(join(folder, "metrics.json"));
  expect((await collectOutputs(folder, log)).metrics).toEqual({});
  expect(warnings).toEqual(["metrics.json is not a regular file and was not read"]);
});

test("without time left, no file is hashed, and the warning counts those that were not", async () => {
  await writeFile(join(folder, "weights.bin"), "abc");
  await writeFile(join(folder, "metrics.json"), '{"accuracy": 0.9}');
  const outputs = await collectOutputs(folder, log, AbortSignal.abort());
  expect(outputs).toEqual({ files: [], metrics: { accuracy: 0.9 } });
  expect(warnings.join()).toContain("lacks the hashes of 2 output files");
});

test("a file that is being hashed when time is over is left out with those behind it, and named", async () => {
  await writeFile(join(folder, "a.bin"), "abc");
  await writeFile(join(folder, "b.bin"), "");
  // Nothing is written of it, and reading it would take hours.
  await truncate(join(folder, "b.bin"), 8 * 2 ** 40);
  await writeFile(join(folder, "c.bin"), "abc");
  const outputs = await collectOutputs(folder, log, AbortSignal.timeout(300));
  expect(outputs.files.map(({ path }) => path)).toEqual(["a.bin"]);
  expect(warnings.join()).toContain("lacks the hashes of 2 output files, the first of them b.bin");
});

test("a metrics.json that is a folder, or has a gigabyte, is not read", async () => {
  await mkdir(join(folder, "metrics.json"));
  expect(await collectOutputs(folder, log)).toEqual({ files: [], metrics: {} });
  await rmdir(join(folder, "metrics.json"));
  await writeFile(join(folder, "metrics.json"), "");
  await truncate(join(folder, "metrics.json"), 1 << 30);
  const stopped = AbortSignal.abort();
  expect((await collectOutputs(folder, log, stopped)).metrics).toEqual({});
  expect(warnings.join()).toContain("metrics.json is not a regular file");
  expect(warnings.join()).toContain("metrics.json is larger than");
});

test("what is no file is neither opened nor changed, whatever it is", async () => {
  execFileSync("mkfifo", [join(folder, "pipe")]);
  await symlink("/etc/passwd", join(folder, "link"));
  await symlink("/etc", join(folder, "folder"));
  const server = createServer().listen(join(folder, "socket"));
  try {
    await once(server, "listening");
    const before = (await stat("/etc/passwd")).mode;
    expect((await collectOutputs(folder, log)).files).toEqual([]);
    expect((await stat("/etc/passwd")).mode).toBe(before);
  } finally {
    server.close();
  }
});

test("what a run left is this user's alone, whatever permissions it has", async () => {
  const modes = fc.integer({ min: 0, max: 0o7777 });
  await fc.assert(
    fc.asyncProperty(modes, modes, fc.boolean(), async (fileMode, folderMode, foreign) => {
      const below = await mkdtemp(join(folder, "run-"));
      const file = join(below, "sub", "tool");
      await mkdir(join(below, "sub"));
      await writeFile(file, "x");
      if (foreign && process.getuid?.() === 0)
        await Promise.all([chown(file, 1000, 1000), chown(join(below, "sub"), 1000, 1000)]);
      await chmod(file, fileMode);
      await chmod(join(below, "sub"), folderMode);
      const { files } = await collectOutputs(below, log);
      expect(files.map(({ path }) => path)).toEqual(["sub/tool"]);
      for (const path of [file, join(below, "sub")]) {
        const { mode, uid } = await stat(path);
        expect({ mode: mode & 0o7022, uid }).toEqual({ mode: 0, uid: process.getuid?.() });
      }
      await removeFolder(below);
    }),
    { numRuns: 100 },
  );
});

test("what lies deeper than a path can name is told in words, and what lies above it is this user's alone", async () => {
  const script =
    'cd -- "$1"; n=0; while [ $n -lt 60 ]; do mkdir "$2"; chmod 4777 "$2"; cd -P "$2"; : >f; n=$((n+1)); done';
  execFileSync("sh", ["-c", script, "sh", folder, "d".repeat(200)]);
  const { files } = await collectOutputs(folder, log);
  expect(files.length).toBeGreaterThan(10);
  expect(files.length).toBeLessThan(25);
  expect(warnings).toEqual([expect.stringContaining("lies too deep")]);
  expect((await stat(join(folder, "d".repeat(200)))).mode & 0o7777).toBe(0o755);
  await removeFolder(join(folder, "d".repeat(200)));
});

test("an output directory that is a link, or no folder, is neither read nor changed", async () => {
  await mkdir(join(folder, "other"), { mode: 0o777 });
  await writeFile(join(folder, "other", "metrics.json"), '{"canary": 1}', { mode: 0o666 });
  const before = (await stat(join(folder, "other"))).mode;
  await symlink(join(folder, "other"), join(folder, "output"));
  for (const name of ["output", "other/metrics.json"]) {
    expect(await collectOutputs(join(folder, name), log)).toEqual({ files: [], metrics: {} });
  }
  expect((await stat(join(folder, "other"))).mode).toBe(before);
  expect(warnings).toHaveLength(2);
  expect(warnings.join()).toContain("is no folder any more");
});

test.runIf(process.platform === "linux")("a file whose name is no text is this user's alone, and told", async () => {
  const path = Buffer.concat([Buffer.from(`${folder}/`), Buffer.from([0x61, 0xff])]);
  await writeFile(path, "x");
  await chmod(path, 0o4777);
  expect((await collectOutputs(folder, log)).files).toEqual([]);
  expect((await stat(path)).mode & 0o7777).toBe(0o755);
  expect(warnings.join()).toContain("has a name that is no text");
});
