import { execFileSync } from "node:child_process";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { systemClock } from "../../../../src/core/clock.ts";
import { silentLog } from "../../../../src/core/output/log.ts";
import { bareRepository } from "../../../../src/stores/git/repository/bare-repository.ts";
import { gitStore } from "../../../../src/stores/git/git-store.ts";
import type { QueueStore } from "../../../../src/stores/queue-store.ts";
import { temporaryFolder, type TemporaryFolder } from "../../../support/git/git-repository.ts";
import { queuedDocument, succeeded } from "../../../support/stores/run-document.ts";

const signal = new AbortController().signal;
let folder: TemporaryFolder;
let directory: string;
let store: QueueStore;
let now: Date;

beforeEach(() => {
  folder = temporaryFolder();
  directory = join(folder.path, "store.git");
  now = new Date("2026-10-05T00:00:00.000Z");
  const clock = { ...systemClock, now: () => now };
  store = gitStore("here", bareRepository(directory, silentLog), { log: silentLog, clock });
});
afterEach(() => folder.remove());

const git = (...args: readonly string[]): string =>
  execFileSync("git", ["--git-dir", directory, ...args], { encoding: "utf8" }).trim();
const chain = (): readonly string[] => git("log", "--format=%s", "refs/launch/v1/log/gpu").split("\n");

/** A run that ends at this time. */
async function end(runId: string, time: string): Promise<void> {
  now = new Date(time);
  await store.enqueue([queuedDocument(runId, {}, {}, { tail: `  the last line of ${runId}\n` })], signal);
  const entry = (await store.snapshot("all", signal)).entries.find(({ run }) => run.run_id === runId)!;
  const document = queuedDocument(runId, {}, { ...succeeded, state: "cancelled", finished_at: time });
  expect(await store.cancel(entry, document, signal)).toBe("cancelled");
}

/** A run that ends and is folded, at this time. */
async function fold(runId: string, time: string): Promise<void> {
  await end(runId, time);
  expect(await store.fold("gpu", 0, signal)).toBe(1);
}

test("the log's chain of commits begins anew with each month, and its runs stay", async () => {
  await fold("one", "2026-10-05T00:00:00.000Z");
  await fold("two", "2026-10-31T23:59:00.000Z");
  expect(chain()).toEqual(["gpu: 1 runs folded", "gpu: 1 runs folded"]);
  await fold("three", "2026-11-01T00:01:00.000Z");
  expect(chain()).toEqual(["gpu: 1 runs folded"]);
  await fold("four", "2026-11-01T00:02:00.000Z");
  expect(chain()).toHaveLength(2);
  expect((await store.history("gpu", 10, signal)).map(({ run_id }) => run_id)).toEqual(["four", "three", "two", "one"]);
});

test("what is removed from the history is in no commit any more, so that git may collect it", async () => {
  for (const runId of ["one", "two"]) await fold(runId, "2026-11-23T00:00:00.000Z");
  const reachable = (): string => git("rev-list", "--objects", "--all");
  const folderOf = (runId: string): string => git("rev-parse", `refs/launch/v1/log/gpu:2026/11/23/${keyOf(runId)}`);
  const keyOf = (runId: string): string =>
    git("ls-tree", "--name-only", "refs/launch/v1/log/gpu:2026/11/23")
      .split("\n")
      .find((name) => name.endsWith(runId)) ?? "";
  const [one, two] = [folderOf("one"), folderOf("two")];
  const stored = await store.read("one", signal);
  expect(await store.remove([{ runId: "one", version: stored!.version }], signal)).toEqual(["one"]);
  expect(chain()).toEqual(["gpu: 1 runs removed"]);
  expect(reachable()).not.toContain(one);
  expect(reachable()).toContain(two);
  // The last one leaves an empty log and an empty index.
  const last = await store.read("two", signal);
  expect(await store.remove([{ runId: "two", version: last!.version }], signal)).toEqual(["two"]);
  expect(git("ls-tree", "-r", "refs/launch/v1/log/gpu")).toBe("");
  expect(await store.history("gpu", 10, signal)).toEqual([]);
  await fold("three", "2026-11-24T00:00:00.000Z");
  expect((await store.history("gpu", 10, signal)).map(({ run_id }) => run_id)).toEqual(["three"]);
});

test.each(["log/gpu^{tree}", "log/gpu:2026/10"])(
  "where %s can't be read nothing is folded, which would drop the runs in it",
  async (part) => {
    await fold("one", "2026-10-05T00:00:00.000Z");
    await end("two", "2026-10-06T00:00:00.000Z");
    const refs = git("for-each-ref");
    const mend = damage(part);

    const named = `of the commit ${git("rev-parse", "refs/launch/v1/log/gpu")}`;
    await expect(store.fold("gpu", 0, signal)).rejects.toThrow(named);
    expect(git("for-each-ref")).toBe(refs);
    expect((await store.history("gpu", 10, signal)).map(({ run_id }) => run_id)).toContain("two");

    mend();
    expect(await store.fold("gpu", 0, signal)).toBe(1);
    expect((await store.history("gpu", 10, signal)).map(({ run_id }) => run_id)).toEqual(["two", "one"]);
  },
);

/** Puts a damaged file in the place of an object's, and gives the way back. */
function damage(part: string): () => void {
  const id = git("rev-parse", `refs/launch/v1/${part}`);
  const file = join(directory, "objects", id.slice(0, 2), id.slice(2));
  const kept = readFileSync(file);
  rmSync(file);
  writeFileSync(file, "damaged");
  return () => {
    rmSync(file);
    writeFileSync(file, kept);
  };
}

test.each(["missing", "of no JSON", "another run's"])(
  "a folded run whose head is %s is listed as unreadable",
  async (how) => {
    await fold("one", "2026-10-05T00:00:00.000Z");
    await fold("two", "2026-10-06T00:00:00.000Z");
    const log = "refs/launch/v1/log/gpu";
    const index = join(folder.path, "index");
    const plumb = (input: string, ...args: readonly string[]): string =>
      execFileSync("git", ["--git-dir", directory, ...args], {
        encoding: "utf8",
        input,
        env: { ...process.env, GIT_INDEX_FILE: index },
      }).trim();
    plumb("", "read-tree", log);
    const path = git("ls-tree", "-r", "--name-only", log)
      .split("\n")
      .find((name) => name.includes("-one/") && name.endsWith("/run.json"))!;
    const content =
      how === "of no JSON" ? "{" : git("cat-file", "blob", `${log}:${path}`).replaceAll('"one"', '"three"');
    if (how === "missing") plumb(`0 ${"0".repeat(40)}\t${path}\n`, "update-index", "--index-info");
    else plumb("", "update-index", "--cacheinfo", `100644,${plumb(content, "hash-object", "-w", "--stdin")},${path}`);
    const commit = plumb(
      "",
      "-c",
      "user.name=a",
      "-c",
      "user.email=a",
      "commit-tree",
      plumb("", "write-tree"),
      "-m",
      "x",
    );
    git("update-ref", log, commit);

    const other = gitStore("here", bareRepository(directory, silentLog), { log: silentLog });
    const listed = await other.list(10, signal);
    expect(listed.map((run) => (run.kind === "run" ? run.run.run_id : [run.runId, run.why]))).toEqual([
      "two",
      [
        "one",
        expect.stringMatching(how === "missing" ? /missing/ : how === "of no JSON" ? /run\.json/ : /another run's/),
      ],
    ]);
    expect((await other.history("gpu", 10, signal)).map(({ run_id }) => run_id)).toEqual(["two"]);
  },
);
